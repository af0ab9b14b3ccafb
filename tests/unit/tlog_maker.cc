// SPDX-License-Identifier: Apache-2.0
// Makes a log for readers that are not ours, with proofs and a cosignature beside it.
//   tlog_maker FOLDER ENTRIES SEED
// FOLDER must exist. Prints the verifier keys of log and witness, a line each.
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

} // namespace

int main(int argc, char **argv) {
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
  const NoteSigner witness =
      must(NoteSigner::make("witness.example/1", SignatureType::kCosignature,
                            SecretKey::from_seed(std::array<uint8_t, kSeedSize>{9})));
  save(folder + "/cosigned",
       serialize_note({text, {signer.sign(text), witness.sign(text, kCosignedAt)}}));
  for (int i = 0; i < 20 && size > 0; ++i) {
    const uint64_t index = i == 0 ? size - 1 : random() % size;
    save(folder + "/" + std::to_string(index) + ".tlog-proof",
         serialize_proof(must(prove_entry(*files, index, signer.key())).proof));
  }
  std::cout << signer.key().vkey() << "\n" << witness.key().vkey() << "\n";
}
