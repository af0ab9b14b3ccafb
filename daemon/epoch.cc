// SPDX-License-Identifier: Apache-2.0
#include "daemon/epoch.h"

#include <string>

namespace warrant {

Status check_epoch(uint64_t state, std::optional<uint64_t> counter,
                   std::optional<uint64_t> resolves) {
  if (!counter)
    return Error{
        "the TPM has no counter for this machine's state: it was cleared, or is another "
        "one. Enroll the machine anew"};
  if (resolves && *resolves == *counter)
    return {};
  if (state == *counter || state == *counter + 1)
    return {};
  const std::string numbers = "the state is of epoch " + std::to_string(state) +
                              ", the TPM is at " + std::to_string(*counter);
  const std::string remedy =
      ". Have the enrollment authority look at the machine and approve it "
      "with --resolves " +
      std::to_string(*counter);
  if (state < *counter)
    return Error{"the state was rolled back: " + numbers + remedy};
  return Error{"the TPM's counter is behind the state: " + numbers + remedy};
}

} // namespace warrant
