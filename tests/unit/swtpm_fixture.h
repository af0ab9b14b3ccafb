// SPDX-License-Identifier: Apache-2.0
// A TPM of its own for a test: swtpm on a unix socket in a folder of its own, ended with the test.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "artifacts/bytes.h"
#include "tests/unit/artifacts_fixture.h"

namespace warrant::test {

/// Runs a program to its end; a failure ends the test, with what it wrote.
void run(const std::vector<std::string> &words);

/// A maker of TPMs, who certifies their endorsement keys: swtpm_localca with keys of its own.
class TpmMaker {
 public:
  TpmMaker();
  /// Root and intermediate together, PEM.
  std::string certificates() const;
  std::string root() const;
  std::string intermediate() const;
  std::string folder() const { return folder_.file(""); }

 private:
  TemporaryDirectory folder_;
};

struct SwtpmShape {
  const TpmMaker *maker = nullptr; ///< none: no certificate
  std::string banks = {};          ///< "sha1,sha256"; empty: all
};

class Swtpm {
 public:
  explicit Swtpm(const SwtpmShape &shape = {});
  ~Swtpm();
  Swtpm(const Swtpm &) = delete;
  Swtpm &operator=(const Swtpm &) = delete;

  std::string tcti() const { return "swtpm:path=" + socket(); }
  /// Power off and on. What is in NV stays.
  void stop();
  void start();

  /// Sends one command, without the TSS; header and response code are taken off. A response code
  /// other than `expected` fails the test.
  Bytes command(uint32_t code, const std::vector<uint32_t> &handles, ByteView parameters,
                uint32_t expected = 0);
  /// The same with empty passwords for the first handle.
  Bytes authorized(uint32_t code, const std::vector<uint32_t> &handles, ByteView parameters,
                   uint32_t expected = 0);
  /// Handles in use from `first` on, of its kind.
  std::vector<uint32_t> handles(uint32_t first);
  /// Keys and sessions that take a slot.
  std::vector<uint32_t> loaded();
  /// TPM2_Clear: another owner.
  void clear();
  /// Makes another kind of thing persistent or an NV index.
  void make_storage_key(uint32_t handle);
  void make_nv_index(uint32_t index, uint32_t attributes, uint16_t size);
  void write_nv(uint32_t index, ByteView content);

 private:
  std::string socket() const { return folder_.file("tpm"); }
  Bytes exchange(ByteView command) const;

  TemporaryDirectory folder_;
  pid_t child_ = -1;
};

} // namespace warrant::test
