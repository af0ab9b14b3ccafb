// SPDX-License-Identifier: Apache-2.0
#include "daemon/numbers.h"

#include <bpf/bpf.h>

#include <array>

#include "bpf/abi.h"

namespace warrant {

Status continue_numbers(const MapSet &maps, uint64_t last_event, uint64_t last_lineage) {
  const uint32_t zero = 0;
  std::array<uint64_t, W_SEQUENCE_COUNT> last{};
  last[W_SEQUENCE_LINEAGE] = last_lineage;
  last[W_SEQUENCE_EVENT] = last_event;
  if (bpf_map_update_elem(maps.fd(Map::kSequences), &zero, last.data(), BPF_ANY) != 0)
    return map_error("cannot go on with the numbers of this boot's records");
  return {};
}

Result<uint64_t> last_number(const MapSet &maps) {
  const uint32_t zero = 0;
  std::array<uint64_t, W_SEQUENCE_COUNT> last{};
  if (bpf_map_lookup_elem(maps.fd(Map::kSequences), &zero, last.data()) != 0)
    return map_error("cannot read the numbers of this boot's records");
  return last[W_SEQUENCE_EVENT];
}

} // namespace warrant
