// SPDX-License-Identifier: Apache-2.0
#include "daemon/leases.h"

#include "daemon/epoch.h"
#include "tests/catch.h"

using namespace warrant;

namespace {

Digest requirement(uint8_t number) {
  Digest digest{};
  digest.fill(number);
  return digest;
}

// The kernel's table, as far as it was written.
struct Kernel {
  Leases::Table table{};
  size_t writes = 0;
  bool is_broken = false;

  Leases::Write write() {
    return [this](uint32_t slot, const w_environment &entry) -> Status {
      if (is_broken)
        return Error{"no map"};
      table.at(slot) = entry;
      writes++;
      return {};
    };
  }
};

} // namespace

TEST_CASE("a requirement keeps its slot; others get others, closed") {
  Kernel kernel;
  Leases leases;
  REQUIRE(leases.connect(kernel.write()).ok());
  const uint32_t first = leases.slot_of(requirement(1));
  const uint32_t second = leases.slot_of(requirement(2));
  CHECK(first > W_ENVIRONMENT_OPEN);
  CHECK(second > W_ENVIRONMENT_OPEN);
  CHECK(first != second);
  CHECK(leases.slot_of(requirement(1)) == first);
  CHECK(kernel.table[first].valid_until == 0);
  REQUIRE(leases.set(first, 100).ok());
  CHECK(kernel.table[first].valid_until == 100);
  CHECK(kernel.table[first].requirement[0] == 1);
  CHECK(leases.slot_of(requirement(1)) == first);
  CHECK(leases.until(first) == 100);
}

TEST_CASE("a slot that nothing refers to is closed before it means something else") {
  Kernel kernel;
  Leases leases;
  REQUIRE(leases.connect(kernel.write()).ok());
  const uint32_t first = leases.slot_of(requirement(1));
  const uint32_t second = leases.slot_of(requirement(2));
  REQUIRE(leases.set(first, 100).ok());
  REQUIRE(leases.retain({second}).ok());
  CHECK(kernel.table[first].valid_until == 0);
  CHECK(leases.slot_of(requirement(3)) == first);
  CHECK(leases.until(first) == 0);
  CHECK(leases.slot_of(requirement(2)) == second);
}

TEST_CASE("another daemon's slots keep their meaning and their leases") {
  Kernel kernel;
  kernel.table[7].valid_until = 5;
  kernel.table[7].requirement[0] = 9;
  Digest known{};
  known[0] = 9;
  Leases leases(kernel.table);
  REQUIRE(leases.connect(kernel.write()).ok());
  CHECK(leases.slot_of(known) == 7);
  CHECK(leases.until(7) == 5);
}

TEST_CASE("what is planned before there is a kernel is written when there is one") {
  Kernel kernel;
  Leases leases;
  const uint32_t slot = leases.slot_of(requirement(1));
  REQUIRE(leases.set(slot, 50).ok());
  CHECK(kernel.writes == 0);
  REQUIRE(leases.connect(kernel.write()).ok());
  CHECK(kernel.table[slot].valid_until == 50);
}

TEST_CASE("no slot is given where none is left, or where it cannot be closed") {
  Kernel kernel;
  Leases leases;
  REQUIRE(leases.connect(kernel.write()).ok());
  for (uint32_t i = 2; i < W_MAX_ENVIRONMENTS; i++) {
    Digest digest{};
    digest[0] = static_cast<uint8_t>(i);
    digest[1] = 1;
    CHECK(leases.slot_of(digest) == i);
  }
  CHECK(leases.slot_of(requirement(0xee)) == 0);
  REQUIRE(leases.retain({}).ok());
  kernel.is_broken = true;
  CHECK(leases.slot_of(requirement(0xee)) == 0);
  CHECK_FALSE(leases.connect(kernel.write()).ok());
}

TEST_CASE("a lease that could not be written is not believed") {
  Kernel kernel;
  Leases leases;
  REQUIRE(leases.connect(kernel.write()).ok());
  const uint32_t slot = leases.slot_of(requirement(1));
  kernel.is_broken = true;
  CHECK_FALSE(leases.set(slot, 9).ok());
  CHECK(leases.until(slot) == 0);
}

TEST_CASE("the epoch tells an old state") {
  const auto problem = [](uint64_t state, std::optional<uint64_t> counter,
                          std::optional<uint64_t> resolves) {
    const Status checked = check_epoch(state, counter, resolves);
    return checked.ok() ? std::string() : checked.error().message;
  };
  CHECK(problem(7, 7, {}).empty());
  CHECK(problem(8, 7, {}).empty()); // saved, and the counter not yet stepped
  CHECK(problem(6, 7, {}).starts_with("the state was rolled back: the state is of epoch 6"));
  CHECK(problem(0, 7, {}).starts_with("the state was rolled back"));
  CHECK(problem(9, 7, {}).starts_with("the TPM's counter is behind"));
  CHECK(problem(6, 7, 7).empty());
  CHECK(problem(9, 7, 7).empty());
  CHECK_FALSE(problem(6, 7, 6).empty());
  CHECK_FALSE(problem(6, 8, 7).empty());
  CHECK(problem(7, {}, 7).starts_with("the TPM has no counter"));
  // What has to be done is said in full.
  CHECK(problem(6, 7, {}).find("--resolves 7") != std::string::npos);
}
