// SPDX-License-Identifier: Apache-2.0
#include "lineage/tree.h"

#include <algorithm>
#include <iterator>

namespace warrant {
namespace {

ArtifactId artifact_of(const w_process &process) {
  ArtifactId id{};
  std::copy(std::begin(process.artifact), std::end(process.artifact), id.begin());
  return id;
}

// Lineage ids are given in order, so a parent's is lower. A record that says otherwise was made up:
// believing it could tie the tree into a ring.
uint64_t believable_parent(const w_process &process) {
  return process.parent < process.lineage ? process.parent : 0;
}

} // namespace

std::string_view knowledge_name(Knowledge knowledge) {
  switch (knowledge) {
    case Knowledge::kUnrecorded:
      return "unrecorded";
    case Knowledge::kAdopted:
      return "adopted";
    case Knowledge::kRecorded:
      return "recorded";
  }
  return "unrecorded";
}

void ExecTree::add(const Record &record) {
  const auto *decision = std::get_if<Decision>(&record.body);
  const auto *commit = std::get_if<Commit>(&record.body);
  const auto *handover = std::get_if<Handover>(&record.body);
  if (!decision && !commit && !handover)
    return;
  const size_t boot = boot_index(record.origin.boot);
  if (decision)
    add_decision(boot, *decision, record.time.wall_ns);
  else if (commit)
    add_commit(boot, *commit, record.time.wall_ns);
  else
    add_handover(boot, *handover, record.time.wall_ns);
}

size_t ExecTree::boot_index(const std::string &boot) {
  const auto known = std::find(boots_.begin(), boots_.end(), boot);
  if (known != boots_.end())
    return static_cast<size_t>(known - boots_.begin());
  boots_.push_back(boot);
  return boots_.size() - 1;
}

// The node of this context, made from what the context says if it is new, and its parent's.
ExecNode &ExecTree::touch(size_t boot, const w_process &process, const Task &task,
                          int64_t wall_ns) {
  const auto [found, is_new] = nodes_.try_emplace({boot, process.lineage});
  ExecNode &node = found->second;
  if (!is_new && node.knowledge != Knowledge::kUnrecorded)
    return node;
  if (process.flags & W_PROCESS_ADOPTED)
    node.knowledge = Knowledge::kAdopted;
  node.lineage = process.lineage;
  node.parent = believable_parent(process);
  node.root = process.root;
  node.uid = task.uid;
  node.pid = task.tgid;
  node.comm = task.comm;
  node.cgroup = task.cgroup;
  node.artifact = artifact_of(process);
  if (node.wall_ns == 0)
    node.wall_ns = wall_ns;
  if (node.parent != 0) {
    ExecNode &parent = nodes_[{boot, node.parent}];
    parent.lineage = node.parent;
    if (parent.wall_ns == 0)
      parent.wall_ns = wall_ns;
  }
  return node;
}

void ExecTree::add_decision(size_t boot, const Decision &decision, int64_t wall_ns) {
  if (decision.process.lineage == 0)
    return;
  ExecNode &asker = touch(boot, decision.process, decision.task, wall_ns);
  if (decision.decision.verdict != W_ALLOW)
    asker.denials++;
  // A script stands at place 0 of its exec chain; its interpreters follow under the same id.
  if (decision.exec != 0 && decision.facts.chain == 0)
    asked_[{boot, decision.exec}] = decision.file.path;
}

void ExecTree::add_handover(size_t boot, const Handover &handover, int64_t wall_ns) {
  if (handover.reason != W_REASON_AUTHORIZED || handover.lineage == 0)
    return;
  ExecNode &node = nodes_[{boot, handover.lineage}];
  node.lineage = handover.lineage;
  if (node.wall_ns == 0)
    node.wall_ns = wall_ns;
  node.remote = handover.parent;
}

void ExecTree::add_commit(size_t boot, const Commit &commit, int64_t wall_ns) {
  if (commit.process.lineage == 0)
    return;
  ExecNode &node = touch(boot, commit.process, commit.task, wall_ns);
  node.knowledge = Knowledge::kRecorded;
  node.wall_ns = wall_ns;
  node.path = commit.file.path;
  if (const auto asked = asked_.find({boot, node.lineage}); asked != asked_.end()) {
    node.path = asked->second;
    asked_.erase(asked);
  }
}

} // namespace warrant
