// SPDX-License-Identifier: Apache-2.0
// Makes a log for readers that are not ours, with proofs and a cosignature beside it.
//   tlog_maker FOLDER ENTRIES SEED
//   tlog_maker FOLDER records FILE SIGNED [SEED]
// FOLDER must exist. Prints the verifier keys of log and witness, a line each. The second form
// makes FOLDER/lineage of the lines of FILE, or lets it grow by them, and its keys beside it;
// SIGNED of its entries are under a checkpoint. SEED: of another key.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "lineage/log_check.h"
#include "lineage/proof_bundle.h"
#include "tlog_fixture.h"

using namespace warrant;
using namespace warrant::lineage_test;

namespace {

constexpr uint64_t kCosignedAt = 1795255200;

template <class T>
T must(Result<T> result) {
  if (!result.ok()) {
    std::cerr << "tlog_maker: " << result.error().message << "\n";
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>)
    return std::move(result).value();
}

void save(const std::string &path, std::string_view content) {
  std::ofstream(path, std::ios::binary) << content;
}

NoteSigner witness_signer() {
  return must(NoteSigner::make("witness.example/1", SignatureType::kCosignature,
                               SecretKey::from_seed(std::array<uint8_t, kSeedSize>{9})));
}

int log_of_records(const std::string &folder, const char *path, uint64_t signed_size,
                   uint8_t seed) {
  std::filesystem::create_directory(folder + "/lineage");
  const auto files = must(FolderFiles::open(folder + "/lineage"));
  const NoteSigner signer = log_signer(seed);
  save(folder + "/log.vkey", signer.key().vkey() + "\n");
  must(log_secret(seed).save(folder + "/log.key", Existing::kReplace));
  const auto log = must(TransparencyLog::open(*files, signer));
  std::ifstream lines(path);
  for (std::string line; std::getline(lines, line);) {
    const ByteView entry = view(line);
    must(log->append(std::span(&entry, 1)));
    if (log->size() == signed_size)
      must(log->checkpoint());
  }
  std::cout << signer.key().vkey() << "\n" << witness_signer().key().vkey() << "\n";
  return 0;
}

} // namespace

int main(int argc, char **argv) {
  if (argc >= 5 && std::string_view(argv[2]) == "records")
    return log_of_records(argv[1], argv[3], std::strtoull(argv[4], nullptr, 10),
                          argc > 5 ? static_cast<uint8_t>(std::strtoul(argv[5], nullptr, 10)) : 1);
  if (argc != 4)
    return 2;
  const std::string folder = argv[1];
  const uint64_t size = std::strtoull(argv[2], nullptr, 10);
  Random random(std::strtoull(argv[3], nullptr, 10));
  std::filesystem::create_directory(folder + "/log");
  const auto files = must(FolderFiles::open(folder + "/log"));
  const NoteSigner signer = log_signer();
  {
    LogOptions options;
    options.integrate_at = 256 * 1024;
    const auto log = must(TransparencyLog::open(*files, signer, options));
    while (log->size() < size) {
      const uint64_t count = std::min<uint64_t>(size - log->size(), 1 + random() % 700);
      must(log->append(views_of(entries_of(log->size(), count))));
      if (random() % 8 == 0)
        must(log->checkpoint());
    }
    must(log->checkpoint());
  }
  const std::string text =
      serialize_checkpoint(must(read_checkpoint(*files, signer.key())).checkpoint);
  const NoteSigner witness = witness_signer();
  save(folder + "/cosigned",
       serialize_note({text, {signer.sign(text), witness.sign(text, kCosignedAt)}}));
  for (int i = 0; i < 20 && size > 0; ++i) {
    const uint64_t index = i == 0 ? size - 1 : random() % size;
    save(folder + "/" + std::to_string(index) + ".tlog-proof",
         serialize_proof(must(prove_entry(*files, index, signer.key())).proof));
  }
  std::cout << signer.key().vkey() << "\n" << witness.key().vkey() << "\n";
}
