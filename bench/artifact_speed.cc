// SPDX-License-Identifier: Apache-2.0
// What an artifact costs in user space, beside the bare signature check that none can do without.
//   bench/artifact_speed [--benchmark_filter=...]      a second each, by Google Benchmark
#include <benchmark/benchmark.h>
#include <sodium.h>

#include <algorithm>
#include <ctime>
#include <iomanip>
#include <iostream>
#include <optional>
#include <vector>

#include "artifacts/compile.h"
#include "artifacts/envelope.h"
#include "artifacts/manifest.h"
#include "artifacts/time.h"
#include "artifacts/verify.h"

using namespace warrant;

namespace {

constexpr int64_t kNow = 1795255200; // 2026-11-21T10:00:00Z
constexpr size_t kBatch = 64;        // artifacts that differ, so that nothing is warm by luck

/// A broken setup must not look like a figure.
template <class T>
T must(T result) {
  if (!result.ok()) {
    std::cerr << "artifact_speed: " << result.error().message << "\n";
    std::exit(1);
  }
  return result;
}

template <class T>
T value_of(Checked<T> result) {
  if (!result.ok()) {
    std::cerr << "artifact_speed: " << result.error().field << ": " << result.error().detail
              << "\n";
    std::exit(1);
  }
  return std::move(result).value();
}

const SecretKey &issuer() {
  static const SecretKey key = SecretKey::from_seed(std::array<uint8_t, kSeedSize>{3});
  return key;
}

const TrustState &trust() {
  static const TrustState state = [] {
    TrustState trust;
    trust.root.expires = kMaxTime;
    trust.root.role(RoleName::kTask) = make_role({issuer().public_key()}, 1);
    trust.root.role(RoleName::kBaseline) = make_role({issuer().public_key()}, 1);
    trust.policy_sha256.fill(0x0a);
    trust.host = "host-a";
    return trust;
  }();
  return state;
}

Authorization authorization(uint8_t number) {
  Authorization made;
  made.id.fill(number);
  made.id[0] = 1;
  made.not_before = kNow - 60;
  made.not_after = kNow + 3600;
  made.policy_sha256 = trust().policy_sha256;
  made.actions = W_ACTION_EXEC;
  made.initiator.uid = 1000;
  Digest digest{};
  digest.fill(number);
  made.subjects = {{"/usr/bin/program", digest, std::nullopt}};
  return made;
}

std::string envelope_of(const Authorization &authorization) {
  const std::string payload = value_of(serialize_authorization(authorization));
  return must(sign_envelope(view(payload), issuer())).value();
}

const std::vector<std::string> &envelopes() {
  static const std::vector<std::string> made = [] {
    std::vector<std::string> list;
    for (size_t i = 0; i < kBatch; i++)
      list.push_back(envelope_of(authorization(static_cast<uint8_t>(i + 1))));
    return list;
  }();
  return made;
}

Circumstances circumstances() {
  Circumstances made;
  made.clock.boot_minus_wall_ns = -(kNow - 1000) * 1'000'000'000;
  return made;
}

struct Signed {
  Bytes message;
  Signature signature;
};

const std::vector<Signed> &signatures() {
  static const std::vector<Signed> made = [] {
    std::vector<Signed> list;
    for (const std::string &envelope : envelopes()) {
      const UnverifiedEnvelope opened = value_of(peek_envelope(view(envelope)));
      list.push_back({pae(kPayloadType, opened.payload), opened.signatures.at(0)});
    }
    return list;
  }();
  return made;
}

bool check_bare(size_t i) {
  const Signed &one = signatures()[i % kBatch];
  return crypto_sign_verify_detached(one.signature.data(), one.message.data(), one.message.size(),
                                     issuer().public_key().bytes().data()) == 0;
}

bool check_whole(size_t i) {
  static const Circumstances now = circumstances();
  static const ManifestOpener manifests = no_manifests();
  Checked<VerifiedAuthorization> verified =
      verify_artifact(view(envelopes()[i % kBatch]), manifests, no_parents, trust(), kNow);
  if (!verified.ok() || verified.value().blocked())
    return false;
  std::vector<VerifiedAuthorization> one;
  one.push_back(std::move(verified).value());
  const auto entries = compile(one, now);
  return entries.ok() && !entries.value().verdicts.empty();
}

void bare_verification(benchmark::State &state) {
  size_t i = 0;
  for (auto _ : state)
    if (!check_bare(i++))
      state.SkipWithError("not verified");
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
}
BENCHMARK(bare_verification);

void verify_and_compile(benchmark::State &state) {
  size_t i = 0;
  for (auto _ : state)
    if (!check_whole(i++))
      state.SkipWithError("not verified or not compiled");
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
}
BENCHMARK(verify_and_compile);

void parse_payload(benchmark::State &state) {
  const std::string payload = value_of(serialize_authorization(authorization(1)));
  for (auto _ : state)
    benchmark::DoNotOptimize(parse_authorization(view(payload)));
}
BENCHMARK(parse_payload);

void open_envelope(benchmark::State &state) {
  for (auto _ : state)
    benchmark::DoNotOptimize(peek_envelope(view(envelopes()[0])));
}
BENCHMARK(open_envelope);

/// A manifest of state.range(0) files, from the bytes of both documents to sorted map entries.
void baseline(benchmark::State &state) {
  const auto count = static_cast<uint32_t>(state.range(0));
  std::vector<ManifestRecord> records(count);
  for (uint32_t i = 0; i < count; i++) {
    crypto_hash_sha256(records[i].sha256.data(), reinterpret_cast<const uint8_t *>(&i), sizeof i);
    records[i].actions = W_ACTION_EXEC | W_ACTION_MAP;
  }
  const Manifest manifest = must(write_manifest(std::move(records))).value();
  Authorization made = authorization(1);
  made.kind = ArtifactKind::kBaseline;
  made.actions = W_ACTION_EXEC | W_ACTION_MAP;
  made.initiator = Initiator{};
  made.initiator.any = true;
  made.subjects.clear();
  made.manifest = manifest.ref;
  const std::string envelope = envelope_of(made);
  const Circumstances now = circumstances();
  for (auto _ : state) {
    std::vector<VerifiedAuthorization> one;
    one.push_back(value_of(verify_artifact(
        view(envelope),
        [&](const ManifestRef &) -> Result<ByteSource> { return source_of_bytes(manifest.file); },
        no_parents, trust(), kNow)));
    const auto entries = compile(one, now);
    if (!entries.ok() || entries.value().verdicts.size() != count)
      state.SkipWithError("not compiled");
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * count));
}
BENCHMARK(baseline)->Arg(1000)->Arg(100000)->Unit(benchmark::kMillisecond);

/// CPU time of one batch in ns.
double batch_ns(bool (*check)(size_t)) {
  timespec before{};
  timespec after{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
  for (size_t i = 0; i < kBatch; i++)
    if (!check(i)) {
      std::cerr << "artifact_speed: an artifact was not verified\n";
      std::exit(1);
    }
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
  return static_cast<double>(after.tv_sec - before.tv_sec) * 1e9 +
         static_cast<double>(after.tv_nsec - before.tv_nsec);
}

/// The bar: the whole pipeline's rate over the bare check's. A shared machine's clock drifts by
/// half within seconds, so the two take turns of 64 artifacts, and each turn is compared with its
/// neighbour.
void print_ratio() {
  constexpr size_t kTurns = 501;
  std::vector<double> ratios;
  batch_ns(check_bare);
  batch_ns(check_whole);
  for (size_t i = 0; i < kTurns; i++) {
    const double bare = batch_ns(check_bare);
    ratios.push_back(100 * bare / batch_ns(check_whole));
  }
  std::sort(ratios.begin(), ratios.end());
  std::cout << "verify_and_compile runs at " << std::fixed << std::setprecision(1)
            << ratios[kTurns / 2] << " % of the rate of bare_verification (median of " << kTurns
            << " turns; p10 " << ratios[kTurns / 10] << ", p90 " << ratios[kTurns * 9 / 10]
            << ")\n";
}

} // namespace

int main(int argc, char **argv) {
  if (sodium_init() < 0)
    return 1;
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv))
    return 2;
  benchmark::RunSpecifiedBenchmarks();
  print_ratio();
}
