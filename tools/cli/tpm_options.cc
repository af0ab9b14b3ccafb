// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/tpm_options.h"

#include <charconv>

#include "artifacts/bytes.h"

namespace warrant::cli {

Try<uint32_t> handle_of(const Arguments &arguments, std::string_view option) {
  const std::string text = arguments.text(option);
  const std::string_view digits = std::string_view(text).substr(text.starts_with("0x") ? 2 : 0);
  uint32_t handle = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), handle, 16);
  if (error != std::errc() || end != digits.data() + digits.size())
    return usage(std::string(option) + " " + printable(text) + ": hex number expected");
  return handle;
}

} // namespace warrant::cli
