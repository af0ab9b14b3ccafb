// SPDX-License-Identifier: Apache-2.0
#include "lineage/dot.h"

namespace warrant {
namespace {

// In quotes only a quote and a backslash mean anything (graphviz: "The DOT Language", and escString
// of labels, in which \n, \l, \N, \G and more are replaced).
std::string escaped(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    if (c == '"' || c == '\\')
      safe += '\\';
    safe += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return safe;
}

std::string quoted(std::string_view text) {
  return '"' + escaped(text) + '"';
}

} // namespace

Dot::Dot(std::string_view name)
    : text_("digraph " + quoted(name) +
            " {\n  rankdir=LR;\n  node [shape=box, fontname=\"sans-serif\"];\n") {}

void Dot::node(std::string_view id, const std::vector<std::string> &lines, DotStyle style) {
  std::string label;
  for (const std::string &line : lines)
    label += escaped(line) + "\\l"; // left-aligned, and the line ends
  text_ += "  " + quoted(id) + " [label=\"" + label + "\"";
  if (style.is_bad)
    text_ += ", color=red";
  if (style.is_context)
    text_ += ", style=dashed";
  text_ += "];\n";
}

void Dot::edge(std::string_view from, std::string_view to, std::string_view label) {
  text_ += "  " + quoted(from) + " -> " + quoted(to);
  if (!label.empty())
    text_ += " [label=" + quoted(label) + "]";
  text_ += ";\n";
}

std::string Dot::take() && {
  return std::move(text_) + "}\n";
}

} // namespace warrant
