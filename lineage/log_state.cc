// SPDX-License-Identifier: Apache-2.0
#include "lineage/log_state.h"

#include <array>

#include "lineage/checkpoint.h"

namespace warrant {
namespace {

constexpr std::string_view kHeader = "warrant-log-state-v1";
constexpr std::string_view kNone = "none";

} // namespace

std::string serialize_log_state(const LogState &state) {
  return std::string(kHeader) + "\n" + state.origin + "\n" + std::to_string(state.size) + "\n" +
         to_base64(state.root) + "\n" +
         (state.signed_size ? std::to_string(*state.signed_size) : std::string(kNone)) + "\n";
}

Result<LogState> parse_log_state(std::string_view text) {
  std::array<std::string_view, 5> lines;
  for (std::string_view &line : lines) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos)
      return Error{"not a log state: five lines expected"};
    line = text.substr(0, end);
    text.remove_prefix(end + 1);
  }
  if (lines[0] != kHeader || !text.empty())
    return Error{"not a log state: it begins with " + printable(lines[0])};
  LogState state;
  state.origin = lines[1];
  state.size = WARRANT_TRY(parse_decimal(lines[2]));
  state.root = WARRANT_TRY(parse_hash(lines[3]));
  if (lines[4] != kNone)
    state.signed_size = WARRANT_TRY(parse_decimal(lines[4]));
  if (state.size > kMaxTreeSize || (state.signed_size && *state.signed_size > state.size))
    return Error{"a log state whose sizes cannot be"};
  return state;
}

} // namespace warrant
