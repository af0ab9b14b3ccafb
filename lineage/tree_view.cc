// SPDX-License-Identifier: Apache-2.0
#include "lineage/tree_view.h"

#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>
#include <vector>

#include "lineage/cgroup_name.h"
#include "lineage/dot.h"
#include "lineage/moment.h"

namespace warrant {
namespace {

using Key = ExecTree::Key;

// Deeper chains are drawn at this depth, with the depth in words: the drawing of a chain of n execs
// would be n^2 characters.
constexpr size_t kMaxIndent = 32;

// What is shown of a tree: the nodes that match, those that lead to them, and how they hang
// together.
struct Selection {
  std::set<Key> matching;
  std::set<Key> shown;
  std::map<Key, std::vector<Key>> children;
  std::vector<Key> roots;
};

bool matches(const ExecNode &node, const TreeFilter &filter) {
  const std::string &cgroup = node.cgroup.escaped();
  return (!filter.artifact || node.artifact == *filter.artifact) &&
         (!filter.uid || (node.pid != 0 && node.uid == *filter.uid)) &&
         (!filter.unit || is_in_unit(cgroup, *filter.unit)) &&
         (!filter.session || session_of(cgroup) == *filter.session) &&
         (!filter.login || login_of(cgroup) == *filter.login) &&
         (!filter.since_ns || node.wall_ns >= *filter.since_ns) &&
         (!filter.until_ns || node.wall_ns < *filter.until_ns);
}

Selection select(const ExecTree &tree, const TreeFilter &filter) {
  Selection selection;
  std::set<Key> descendants; // of the lineage that was asked for, and itself
  for (const auto &[key, node] : tree.nodes()) {
    const bool descends = !filter.lineage || node.lineage == *filter.lineage ||
                          descendants.count({key.first, node.parent}) != 0;
    if (descends && filter.lineage)
      descendants.insert(key);
    if (descends && matches(node, filter))
      selection.matching.insert(key);
  }
  selection.shown = selection.matching;
  // Parents sort before children: going backwards, a child is settled before its parent is looked
  // at.
  const auto &nodes = tree.nodes();
  for (auto at = nodes.rbegin(); at != nodes.rend(); ++at)
    if (at->second.parent != 0 && selection.shown.count(at->first) != 0)
      selection.shown.insert({at->first.first, at->second.parent});
  for (const Key &key : selection.shown) {
    const ExecNode &node = nodes.at(key);
    if (node.parent == 0)
      selection.roots.push_back(key);
    else
      selection.children[{key.first, node.parent}].push_back(key);
  }
  return selection;
}

std::string describe(const ExecNode &node) {
  std::string line = "[" + std::to_string(node.lineage) + "] ";
  if (node.pid == 0)
    return line + "(not recorded)";
  line += node.path.empty() ? node.comm.escaped() : node.path.escaped();
  if (node.knowledge == Knowledge::kAdopted)
    line += " (adopted)";
  if (node.knowledge == Knowledge::kUnrecorded)
    line += " (its exec was not recorded)";
  line += "  pid " + std::to_string(node.pid) + "  uid " + std::to_string(node.uid);
  if (node.artifact != ArtifactId{})
    line += "  artifact " + to_hex(node.artifact).substr(0, 12);
  if (node.denials > 0)
    line += "  denied " + std::to_string(node.denials);
  if (node.remote)
    line += "  from lineage " + std::to_string(node.remote->lineage) + " of " +
            Text(node.remote->host).escaped();
  return line + "  " + format_wall_time(node.wall_ns);
}

struct Pending {
  Key key;
  size_t depth;
  std::string prefix; // what stands in front of this node's children
  bool last;          // among its siblings
};

// Draws one node and returns what stands in front of its children.
std::string draw(const Pending &at, const ExecNode &node, std::string &text) {
  if (at.depth == 0) {
    text += describe(node) + "\n";
    return {};
  }
  if (at.depth > kMaxIndent) {
    text += at.prefix + "⋯ depth " + std::to_string(at.depth) + " " + describe(node) + "\n";
    return at.prefix;
  }
  text += at.prefix + (at.last ? "└── " : "├── ") + describe(node) + "\n";
  return at.prefix + (at.last ? "    " : "│   ");
}

Json remote_to_json(const RemoteParent &remote) {
  return {{"artifact", remote.artifact ? Json(to_hex(*remote.artifact)) : Json()},
          {"boot", remote.boot},
          {"host", Text(remote.host).escaped()},
          {"lineage", std::to_string(remote.lineage)}};
}

Json node_to_json(const ExecNode &node, const std::string &boot, bool is_match) {
  return {{"artifact", to_hex(node.artifact)},
          {"boot", boot},
          {"cgroup", node.cgroup.escaped()},
          {"comm", node.comm.escaped()},
          {"denials", node.denials},
          {"knowledge", std::string(knowledge_name(node.knowledge))},
          {"lineage", std::to_string(node.lineage)},
          {"matches", is_match},
          {"parent", std::to_string(node.parent)},
          {"path", node.path.escaped()},
          {"pid", node.pid},
          {"remoteParent", node.remote ? remote_to_json(*node.remote) : Json()},
          {"root", std::to_string(node.root)},
          {"time", format_wall_time(node.wall_ns)},
          {"uid", node.uid}};
}

} // namespace

std::string tree_to_text(const ExecTree &tree, const TreeFilter &filter) {
  Selection selection = select(tree, filter);
  std::string text;
  std::vector<Pending> stack;
  for (auto root = selection.roots.rbegin(); root != selection.roots.rend(); ++root)
    stack.push_back({*root, 0, {}, true});
  while (!stack.empty()) {
    const Pending at = std::move(stack.back());
    stack.pop_back();
    const std::string prefix = draw(at, tree.nodes().at(at.key), text);
    const std::vector<Key> &children = selection.children[at.key];
    for (auto child = children.rbegin(); child != children.rend(); ++child)
      stack.push_back({*child, at.depth + 1, prefix, child == children.rbegin()});
  }
  return text;
}

Json tree_to_json(const ExecTree &tree, const TreeFilter &filter) {
  const Selection selection = select(tree, filter);
  Json nodes = Json::array();
  for (const Key &key : selection.shown)
    nodes.push_back(node_to_json(tree.nodes().at(key), tree.boots()[key.first],
                                 selection.matching.count(key) != 0));
  return {{"nodes", std::move(nodes)}};
}

std::string tree_to_dot(const ExecTree &tree, const TreeFilter &filter) {
  const Selection selection = select(tree, filter);
  const auto name = [](const Key &key) {
    return std::to_string(key.first) + "." + std::to_string(key.second);
  };
  Dot dot("lineage");
  for (const Key &key : selection.shown) {
    const ExecNode &node = tree.nodes().at(key);
    DotStyle style;
    style.is_bad = node.denials > 0;
    style.is_context = !selection.matching.contains(key);
    const std::string what = node.path.empty() ? node.comm.escaped() : node.path.escaped();
    dot.node(name(key),
             {what.empty() ? "(not recorded)" : what, "lineage " + std::to_string(node.lineage) +
                                                          ", pid " + std::to_string(node.pid) +
                                                          ", uid " + std::to_string(node.uid)},
             style);
    if (node.parent != 0)
      dot.edge(name({key.first, node.parent}), name(key));
  }
  return std::move(dot).take();
}

} // namespace warrant
