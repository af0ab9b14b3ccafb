// SPDX-License-Identifier: Apache-2.0
#include "daemon/leases.h"

#include <algorithm>

namespace warrant {
namespace {

constexpr uint32_t kFirst = W_ENVIRONMENT_OPEN + 1;

bool is_for(const w_environment &slot, const Digest &requirement) {
  return std::equal(requirement.begin(), requirement.end(), std::begin(slot.requirement));
}

bool is_free(const w_environment &slot) {
  return is_for(slot, Digest{});
}

} // namespace

Status Leases::connect(Write write) {
  write_ = std::move(write);
  for (uint32_t slot = kFirst; slot < table_.size(); slot++)
    WARRANT_TRY(write_(slot, table_[slot]));
  return {};
}

Status Leases::put(uint32_t slot, const w_environment &entry) {
  if (write_)
    WARRANT_TRY(write_(slot, entry));
  table_.at(slot) = entry;
  return {};
}

uint32_t Leases::slot_of(const Digest &requirement) {
  for (uint32_t slot = kFirst; slot < table_.size(); slot++)
    if (is_for(table_[slot], requirement))
      return slot;
  for (uint32_t slot = kFirst; slot < table_.size(); slot++) {
    if (!is_free(table_[slot]))
      continue;
    w_environment closed{};
    std::copy(requirement.begin(), requirement.end(), std::begin(closed.requirement));
    return put(slot, closed).ok() ? slot : 0;
  }
  return 0;
}

void Leases::dedicate_open(const Digest &requirement) {
  std::copy(requirement.begin(), requirement.end(),
            std::begin(table_[W_ENVIRONMENT_OPEN].requirement));
}

uint64_t Leases::open_until(const Digest &requirement) const {
  const w_environment &open = table_[W_ENVIRONMENT_OPEN];
  return is_for(open, requirement) ? open.valid_until : 0;
}

Status Leases::set(uint32_t slot, uint64_t until) {
  w_environment changed = table_.at(slot);
  // The publisher writes the open slot too.
  if (changed.valid_until == until && slot != W_ENVIRONMENT_OPEN)
    return {};
  changed.valid_until = until;
  return put(slot, changed);
}

Status Leases::retain(const std::set<uint32_t> &slots) {
  for (uint32_t slot = kFirst; slot < table_.size(); slot++)
    if (!is_free(table_[slot]) && !slots.contains(slot))
      WARRANT_TRY(put(slot, w_environment{}));
  return {};
}

} // namespace warrant
