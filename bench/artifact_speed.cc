// SPDX-License-Identifier: Apache-2.0
// What an artifact costs in user space, beside the bare signature check that none can do without.
//   bench/artifact_speed [--benchmark_filter=...]      a second each, by Google Benchmark
#include <benchmark/benchmark.h>
#include <sodium.h>

#include <cstring>
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

void bare_verification(benchmark::State &state) {
  struct Signed {
    Bytes message;
    Signature signature;
  };
  std::vector<Signed> list;
  for (const std::string &envelope : envelopes()) {
    const UnverifiedEnvelope opened = value_of(peek_envelope(view(envelope)));
    list.push_back({pae(kPayloadType, opened.payload), opened.signatures.at(0)});
  }
  const PublicKey key = issuer().public_key();
  size_t i = 0;
  for (auto _ : state) {
    const Signed &one = list[i++ % kBatch];
    if (crypto_sign_verify_detached(one.signature.data(), one.message.data(), one.message.size(),
                                    key.bytes().data()) != 0)
      state.SkipWithError("not verified");
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
}
BENCHMARK(bare_verification);

void verify_and_compile(benchmark::State &state) {
  const Circumstances now = circumstances();
  const ManifestOpener manifests = no_manifests();
  envelopes();
  size_t i = 0;
  for (auto _ : state) {
    Checked<VerifiedAuthorization> verified =
        verify_artifact(view(envelopes()[i++ % kBatch]), manifests, no_parents, trust(), kNow);
    if (!verified.ok() || verified.value().blocked())
      state.SkipWithError("not verified");
    std::vector<VerifiedAuthorization> one;
    one.push_back(std::move(verified).value());
    const auto entries = compile(one, now);
    if (!entries.ok() || entries.value().verdicts.empty())
      state.SkipWithError("not compiled");
    benchmark::DoNotOptimize(entries);
  }
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

/// The bar that CI and readers look at: the whole pipeline's rate over the bare check's.
class Ratio : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run> &runs) override {
    ConsoleReporter::ReportRuns(runs);
    for (const Run &run : runs) {
      if (run.benchmark_name() == "bare_verification")
        bare_ = run.GetAdjustedCPUTime();
      if (run.benchmark_name() == "verify_and_compile")
        whole_ = run.GetAdjustedCPUTime();
    }
  }
  void Finalize() override {
    ConsoleReporter::Finalize();
    if (bare_ > 0 && whole_ > 0)
      std::cout << "verify_and_compile runs at " << static_cast<int>(100 * bare_ / whole_)
                << " % of the rate of bare_verification\n";
  }

 private:
  double bare_ = 0;
  double whole_ = 0;
};

} // namespace

int main(int argc, char **argv) {
  if (sodium_init() < 0)
    return 1;
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv))
    return 2;
  Ratio reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
}
