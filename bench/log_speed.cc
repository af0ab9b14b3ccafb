// SPDX-License-Identifier: Apache-2.0
// What the lineage log costs: appending beside what the disk allows at all, and proofs in a log of
// ten million entries.
//   bench/log_speed [--benchmark_filter=...]
// Appends go to a folder of their own below WARRANT_LOG_FOLDER, or else the working directory: the
// figures are those of that disk.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <random>

#include "lineage/log_check.h"
#include "lineage/proof_bundle.h"
#include "lineage/tile_reader.h"
#include "lineage/tlog.h"

using namespace warrant;
namespace fs = std::filesystem;

namespace {

constexpr size_t kEntrySize = 1000; // a record of an exec
constexpr uint64_t kLarge = 10'000'000;
constexpr std::string_view kOrigin = "bench.example/lineage";

/// A broken setup must not look like a figure.
template <class T>
T must(Result<T> result) {
  if (!result.ok()) {
    std::cerr << "log_speed: " << result.error().message << "\n";
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>)
    return std::move(result).value();
}

const NoteSigner &signer() {
  static const NoteSigner made =
      must(NoteSigner::make(kOrigin, SignatureType::kEd25519, SecretKey::generate()));
  return made;
}

class Scratch {
 public:
  Scratch() {
    const char *folder = std::getenv("WARRANT_LOG_FOLDER");
    path_ = std::string(folder ? folder : ".") + "/log_speed-XXXXXX";
    if (!::mkdtemp(path_.data()))
      must(Status(Error{path_ + ": cannot be made"}));
  }
  ~Scratch() { fs::remove_all(path_); }
  Scratch(const Scratch &) = delete;
  Scratch &operator=(const Scratch &) = delete;
  const std::string &path() const { return path_; }

 private:
  std::string path_;
};

std::vector<Bytes> some_entries(size_t count) {
  std::mt19937_64 random(1);
  std::vector<Bytes> entries(count, Bytes(kEntrySize));
  for (Bytes &entry : entries)
    for (uint8_t &byte : entry)
      byte = static_cast<uint8_t>(random());
  return entries;
}

/// Keeps nothing: what is left of appending without a disk.
class NoFiles final : public LogFiles {
 public:
  Status lock() override { return {}; }
  Result<std::optional<Bytes>> read(const std::string &, size_t) override {
    return std::optional<Bytes>();
  }
  Result<std::vector<std::string>> list(const std::string &) override {
    return std::vector<std::string>();
  }
  Result<std::unique_ptr<LogFile>> create(const std::string &) override {
    return std::unique_ptr<LogFile>(std::make_unique<NoFile>());
  }
  Status make_directory(const std::string &) override { return {}; }
  Status rename(const std::string &, const std::string &) override { return {}; }
  Status remove(const std::string &) override { return {}; }
  Status sync_directory(const std::string &) override { return {}; }

 private:
  class NoFile final : public LogFile {
    Status append(ByteView) override { return {}; }
    Status sync() override { return {}; }
    Status truncate(uint64_t) override { return {}; }
  };
};

void append_to(benchmark::State &state, LogFiles &files) {
  const std::vector<Bytes> entries = some_entries(static_cast<size_t>(state.range(0)));
  const std::vector<ByteView> batch(entries.begin(), entries.end());
  const auto log = must(TransparencyLog::open(files, signer()));
  uint64_t checkpoints = 0;
  for (auto _ : state) {
    must(log->append(batch));
    checkpoints += must(log->checkpoint_if_due(0)); // by number of entries only
  }
  must(log->checkpoint());
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()) * state.range(0));
  state.counters["checkpoints"] = static_cast<double>(checkpoints);
}

/// Batches of state.range(0) records, durable one by one; bundles, tiles and checkpoints included.
void append(benchmark::State &state) {
  const Scratch scratch;
  const auto files = must(FolderFiles::open(scratch.path()));
  append_to(state, *files);
}

void append_without_disk(benchmark::State &state) {
  NoFiles files;
  append_to(state, files);
}

/// What the disk allows: as many bytes written to one file, and fdatasync.
void write_and_sync(benchmark::State &state) {
  const Scratch scratch;
  const int fd = ::open((scratch.path() + "/file").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  const Bytes bytes(static_cast<size_t>(state.range(0)) * kEntrySize, 7);
  for (auto _ : state)
    if (::write(fd, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()) ||
        ::fdatasync(fd) != 0)
      state.SkipWithError("not written");
  ::close(fd);
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()) * state.range(0));
}

void batches(benchmark::internal::Benchmark *benchmark) {
  benchmark->Arg(1)->Arg(64)->Arg(1024)->Arg(8192)->UseRealTime()->Unit(benchmark::kMillisecond);
}
BENCHMARK(write_and_sync)->Apply(batches);
BENCHMARK(append)->Apply(batches);
BENCHMARK(append_without_disk)->Apply(batches);

/// A log of kLarge entries that takes no gigabytes: every bundle holds the same 256 entries, so
/// that each level has one tile, of which each read of any reads a copy on disk. Proofs read, parse
/// and hash as much as in any other log of this size; only the page cache is kinder.
class RepeatingLog final : public LogFiles {
 public:
  explicit RepeatingLog(const std::string &folder) : files_(must(FolderFiles::open(folder))) {
    Bytes bundle;
    std::vector<Hash> tile;
    for (const Bytes &entry : some_entries(kTileWidth)) {
      append_entry(bundle, entry);
      tile.push_back(leaf_hash(entry));
    }
    put("entries", bundle);
    for (unsigned level = 0; level < 3; ++level) {
      put(std::to_string(level), serialize_tile(tile));
      tile.assign(kTileWidth, subtree_root(tile, 0, kTileHeight));
    }
    TileReader tiles(*this, kLarge);
    const std::string text = serialize_checkpoint(
        {std::string(kOrigin), kLarge, must(tree_root(kLarge, tiles.hashes())), {}});
    const std::string note = serialize_note({text, {signer().sign(text)}});
    put("checkpoint", Bytes(note.begin(), note.end()));
  }

  /// "tile/<kind>/..." is the file <kind>, of which a partial one is the beginning.
  Result<std::optional<Bytes>> read(const std::string &path, size_t limit) override {
    const bool is_tile = path.starts_with("tile/");
    const std::string kind = is_tile ? path.substr(5, path.find('/', 5) - 5) : path;
    std::optional<Bytes> bytes = must(files_->read(kind, limit));
    const size_t partial = path.find(".p/");
    if (partial != std::string::npos && bytes) {
      const size_t width = std::strtoul(path.c_str() + partial + 3, nullptr, 10);
      bytes->resize(width * (kind == "entries" ? 2 + kEntrySize : W_DIGEST_SIZE));
    }
    return bytes;
  }
  Status lock() override { return Error{"read only"}; }
  Result<std::vector<std::string>> list(const std::string &) override { return Error{"no list"}; }
  Result<std::unique_ptr<LogFile>> create(const std::string &) override {
    return Error{"read only"};
  }
  Status make_directory(const std::string &) override { return Error{"read only"}; }
  Status rename(const std::string &, const std::string &) override { return Error{"read only"}; }
  Status remove(const std::string &) override { return Error{"read only"}; }
  Status sync_directory(const std::string &) override { return Error{"read only"}; }

 private:
  void put(const std::string &name, const Bytes &bytes) {
    must(must(files_->create(name))->append(bytes));
  }
  std::unique_ptr<FolderFiles> files_;
};

/// From an index to a proof that was checked: checkpoint, tiles and bundle are read each time.
void prove(benchmark::State &state) {
  const Scratch scratch;
  RepeatingLog log(scratch.path());
  std::mt19937_64 random(2);
  for (auto _ : state)
    benchmark::DoNotOptimize(must(prove_entry(log, random() % kLarge, signer().key())));
}
BENCHMARK(prove)->UseRealTime()->Unit(benchmark::kMillisecond);

/// From the text of a proof to the answer, signature included.
void verify(benchmark::State &state) {
  const Scratch scratch;
  RepeatingLog log(scratch.path());
  std::mt19937_64 random(2);
  const ProvenEntry proven = must(prove_entry(log, random() % kLarge, signer().key()));
  const std::string text = serialize_proof(proven.proof);
  const NoteKey key = signer().key();
  for (auto _ : state)
    benchmark::DoNotOptimize(must(verify_proof(must(parse_proof(text)), proven.entry, key)));
}
BENCHMARK(verify)->UseRealTime()->Unit(benchmark::kMillisecond);

void prove_consistency_with_any(benchmark::State &state) {
  const Scratch scratch;
  RepeatingLog log(scratch.path());
  std::mt19937_64 random(2);
  for (auto _ : state)
    benchmark::DoNotOptimize(must(prove_growth(log, 1 + random() % kLarge, signer().key())));
}
BENCHMARK(prove_consistency_with_any)->UseRealTime()->Unit(benchmark::kMillisecond);

} // namespace

BENCHMARK_MAIN();
