// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "artifacts/bytes.h"

namespace warrant {

/// The file's fs-verity digest (SHA-256, 4 KiB blocks or whatever it was enabled with), if it has
/// one: FS_IOC_MEASURE_VERITY.
std::optional<Digest> verity_of_fd(int fd);

} // namespace warrant
