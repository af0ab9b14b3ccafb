// SPDX-License-Identifier: Apache-2.0
#include "artifacts/scopes.h"

#include <algorithm>
#include <cstring>
#include <optional>

namespace warrant {
namespace {

/// "/a/b/c" -> "/a/b"; "/a" -> "".
std::string parent_of(const std::string &path) {
  return path.substr(0, path.rfind('/'));
}

/// Cgroup paths as a tree of named nodes, and the scopes bound to some of them.
class CgroupTree {
 public:
  /// In the order of calls, which makes the node ids deterministic.
  void bind(const std::string &path, uint32_t scope, uint32_t mode) {
    w_cgroup_node &node = nodes_[insert(path) - 1].value;
    node.scope = scope;
    node.mode = mode;
  }

  std::vector<std::pair<w_cgroup_key, w_cgroup_node>> entries() const {
    std::vector<std::pair<w_cgroup_key, w_cgroup_node>> entries;
    for (const Node &node : nodes_)
      entries.emplace_back(node.key, node.value);
    std::sort(entries.begin(), entries.end(), [](const auto &a, const auto &b) {
      return a.first.parent != b.first.parent
                 ? a.first.parent < b.first.parent
                 : std::memcmp(a.first.name, b.first.name, W_CGROUP_NAME_SIZE) < 0;
    });
    return entries;
  }

 private:
  struct Node {
    w_cgroup_key key;
    w_cgroup_node value;
  };

  /// Id of the node for a path; node 0 is the root and has no entry.
  uint32_t insert(const std::string &path) {
    if (path.empty())
      return 0;
    if (const auto known = ids_.find(path); known != ids_.end())
      return known->second;
    Node node{};
    node.key.parent = insert(parent_of(path));
    path.copy(node.key.name, W_CGROUP_NAME_SIZE - 1, path.rfind('/') + 1);
    node.value.node = static_cast<uint32_t>(nodes_.size() + 1);
    nodes_.push_back(node);
    ids_.emplace(path, node.value.node);
    return node.value.node;
  }

  std::map<std::string, uint32_t> ids_;
  std::vector<Node> nodes_;
};

void set_mode(uint32_t &mode, w_mode wanted) {
  mode = mode == W_MODE_ENFORCE ? W_MODE_ENFORCE : wanted;
}

} // namespace

void Scopes::add(const Initiator &initiator) {
  if (const auto path = initiator.cgroup_path())
    cgroups_[*path].bound = true;
  else if (initiator.uid)
    uids_[*initiator.uid].bound = true;
}

void Scopes::add(const ScopeMode &mode) {
  if (const auto path = mode.initiator.cgroup_path())
    set_mode(cgroups_[*path].mode, mode.mode);
  else if (mode.initiator.uid)
    set_mode(uids_[*mode.initiator.uid].mode, mode.mode);
}

void Scopes::number() {
  uint32_t next = W_SCOPE_FIRST_FREE;
  for (auto &[uid, place] : uids_)
    place.scope = place.bound ? next++ : 0;
  for (auto &[path, place] : cgroups_)
    place.scope = place.bound ? next++ : 0;
}

std::vector<uint32_t> Scopes::of(const Initiator &initiator) const {
  const auto path = initiator.cgroup_path();
  if (!path)
    return {initiator.uid ? uids_.at(*initiator.uid).scope : W_SCOPE_HOST};
  std::vector<uint32_t> scopes = {cgroups_.at(*path).scope};
  const std::string below = *path + "/";
  for (auto other = cgroups_.lower_bound(below);
       other != cgroups_.end() && other->first.starts_with(below); ++other)
    if (other->second.bound)
      scopes.push_back(other->second.scope);
  return scopes;
}

std::string Scopes::name(uint32_t scope) const {
  for (const auto &[uid, place] : uids_)
    if (place.bound && place.scope == scope)
      return "uid " + std::to_string(uid);
  for (const auto &[path, place] : cgroups_)
    if (place.bound && place.scope == scope)
      return "cgroup " + printable(path, 512);
  return "the host";
}

std::vector<std::pair<uint32_t, w_uid_scope>> Scopes::uids() const {
  std::vector<std::pair<uint32_t, w_uid_scope>> entries;
  for (const auto &[uid, place] : uids_)
    entries.emplace_back(uid, w_uid_scope{place.scope, place.mode});
  return entries;
}

std::vector<std::pair<w_cgroup_key, w_cgroup_node>> Scopes::cgroups() const {
  CgroupTree tree;
  for (const auto &[path, place] : cgroups_)
    tree.bind(path, place.scope, place.mode);
  return tree.entries();
}

} // namespace warrant
