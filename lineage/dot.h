// SPDX-License-Identifier: Apache-2.0
// Graphs in the language of graphviz, with labels of foreign origin.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace warrant {

struct DotStyle {
  bool is_bad = false;     ///< red
  bool is_context = false; ///< dashed
};

class Dot {
 public:
  explicit Dot(std::string_view name);
  /// One line of the label each.
  void node(std::string_view id, const std::vector<std::string> &lines, DotStyle style = {});
  void edge(std::string_view from, std::string_view to, std::string_view label = {});
  std::string take() &&;

 private:
  std::string text_;
};

} // namespace warrant
