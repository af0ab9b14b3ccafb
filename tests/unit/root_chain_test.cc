// SPDX-License-Identifier: Apache-2.0
// Who may take over a kernel that enforces under some trust root: roots are made and signed here,
// the kernel is a mark.
#include "daemon/root_chain.h"

#include <filesystem>
#include <string>
#include <vector>

#include "artifacts/trust_root.h"
#include "tests/catch.h"
#include "tests/unit/artifacts_fixture.h"

namespace warrant {
namespace {

constexpr uint8_t kEvilKey = test::kStrangerKey;
constexpr uint8_t kNextKey = 12;

/// Root keys by version: each signs its own and, where it says so, the step to the next.
std::string root_envelope(int64_t version, uint8_t key, const std::vector<uint8_t> &signers) {
  TrustRoot root = test::trust_root();
  root.version = version;
  root.role(RoleName::kRoot) = make_role({test::key(key).public_key()}, 1);
  return test::envelope(serialize_trust_root(root).value(), signers);
}

RootMark mark_of(const std::string &envelope) {
  const SignedTrustRoot root = load_trust_root(view(envelope)).value();
  return {static_cast<uint64_t>(root.root.version), root.sha256};
}

/// A machine: the true roots 1 to 3, of which the third has another key.
struct World {
  std::string first = root_envelope(1, test::kRootKey, {test::kRootKey});
  std::string second = root_envelope(2, test::kRootKey, {test::kRootKey});
  std::string third = root_envelope(3, kNextKey, {test::kRootKey, kNextKey});
  test::TemporaryDirectory config;

  World() { std::filesystem::create_directory(config.file("roots")); }

  void keep(const std::string &name, const std::string &envelope) const {
    REQUIRE(write_file_atomic(config.file("roots/" + name), view(envelope), 0600).ok());
  }
  Status descent(const std::string &kernel, const std::string &remembered,
                 const std::string &newest) const {
    const std::string path = config.file("");
    return check_descent(path.substr(0, path.size() - 1), mark_of(kernel), view(remembered),
                         view(newest));
  }
};

bool says(const Status &status, const std::string &part) {
  return !status.ok() && status.error().message.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("the kernel's own root, or one that followed from it, may take over") {
  const World world;
  CHECK(world.descent(world.first, world.first, world.first).ok());
  CHECK(world.descent(world.first, "", world.first).ok());           // it lies there itself
  CHECK(world.descent(world.first, world.first, world.second).ok()); // one step
  // Killed between the kernel's root and the state's: the kernel is one ahead.
  CHECK(world.descent(world.second, world.first, world.second).ok());
}

TEST_CASE("steps that were missed lie beside it") {
  const World world;
  CHECK(says(world.descent(world.first, world.first, world.third), "does not follow version 1"));
  world.keep("2.json", world.second);
  CHECK(world.descent(world.first, world.first, world.third).ok());
  // The kernel's own root may lie there too.
  world.keep("1.json", world.first);
  CHECK(world.descent(world.first, world.third, world.third).ok());
}

TEST_CASE("a daemon that believes somebody else does not take over") {
  const World world;
  const std::string evil = root_envelope(1, kEvilKey, {kEvilKey});
  const Status alone = world.descent(world.first, "", evil);
  CHECK(says(alone, "the kernel enforces under trust root version 1"));
  CHECK(says(alone, "believed somebody else"));
  // Its own state remembers its own root, and a later one.
  CHECK(says(world.descent(world.first, evil, evil), "believed somebody else"));
  const std::string later = root_envelope(2, kEvilKey, {kEvilKey});
  CHECK(says(world.descent(world.first, evil, later), "believed somebody else"));
  // What lies beside it is no way in either: neither the evil root under the true one's number ...
  world.keep("1.json", evil);
  CHECK(says(world.descent(world.first, evil, later), "believed somebody else"));
  // ... nor the true root, from which no signature leads to the evil one.
  world.keep("1.json", world.first);
  const Status no_step = world.descent(world.first, evil, later);
  CHECK(says(no_step, "from which no step leads on"));
  CHECK(says(no_step, "root role of version 1"));
}

TEST_CASE("an older root does not take over") {
  const World world;
  world.keep("1.json", world.first);
  world.keep("2.json", world.second);
  const Status older = world.descent(world.second, world.second, world.first);
  CHECK(says(older, "version 1 is older than version 2"));
  // As old, but another: signed by the same key.
  TrustRoot root = test::trust_root();
  root.version = 2;
  root.expires += 1;
  const std::string twin =
      test::envelope(serialize_trust_root(root).value(), std::vector<uint8_t>{test::kRootKey});
  CHECK_FALSE(world.descent(world.second, world.second, twin).ok());
}

TEST_CASE("a kernel that names no root is nobody's") {
  const World world;
  CHECK(says(check_descent("/nonexistent", RootMark{}, view(world.first), view(world.first)),
             "does not say"));
}

} // namespace warrant
