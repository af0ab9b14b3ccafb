// SPDX-License-Identifier: Apache-2.0
#include "simulated_disk.h"

#include <algorithm>
#include <set>
#include <utility>

namespace warrant::lineage_test {
namespace {

constexpr size_t kSector = 512;

std::shared_ptr<SimulatedDisk::Node> make_node(bool is_directory) {
  auto node = std::make_shared<SimulatedDisk::Node>();
  node->is_directory = is_directory;
  return node;
}

std::shared_ptr<SimulatedDisk::Node> copy_of(const SimulatedDisk::Node &node) {
  auto copy = make_node(node.is_directory);
  copy->content = copy->durable = node.content;
  for (const auto &[name, child] : node.names)
    copy->names[name] = copy_of(*child);
  copy->durable_names = copy->names;
  return copy;
}

std::string name_of(const std::string &path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

Error no_such(const std::string &path) {
  return Error{path + ": no such file"};
}

} // namespace

class SimulatedFile final : public LogFile {
 public:
  SimulatedFile(SimulatedDisk &disk, std::shared_ptr<SimulatedDisk::Node> node, std::string path)
      : disk_(disk), node_(std::move(node)), path_(std::move(path)) {}

  Status append(ByteView bytes) override {
    if (disk_.is_dead_)
      return Error{"dead"};
    const Status stepped = disk_.step(path_);
    const bool is_full = ++disk_.writes_ == disk_.fail_write_at_;
    const size_t size =
        stepped.ok() && !is_full ? bytes.size() : disk_.random_() % (bytes.size() + 1);
    node_->content.insert(node_->content.end(), bytes.begin(),
                          bytes.begin() + static_cast<ptrdiff_t>(size));
    return is_full && stepped.ok() ? Status(Error{path_ + ": no space"}) : stepped;
  }
  Status sync() override {
    if (const Status stepped = disk_.step(path_); !stepped.ok())
      return stepped;
    if (disk_.sync_fails()) {
      node_->is_spoilt = true;
      return Error{path_ + ": input/output error"};
    }
    if (!node_->is_spoilt && !disk_.is_lying_)
      node_->durable = node_->content;
    return {};
  }
  Status truncate(uint64_t size) override {
    if (const Status stepped = disk_.step(path_); !stepped.ok())
      return stepped;
    node_->content.resize(size);
    return {};
  }

 private:
  SimulatedDisk &disk_;
  std::shared_ptr<SimulatedDisk::Node> node_;
  std::string path_;
};

SimulatedDisk::SimulatedDisk(uint64_t seed) : root_(make_node(true)), random_(seed) {}

Status SimulatedDisk::step(const std::string &path) {
  if (is_dead_)
    return Error{"dead"};
  if (++steps_ < die_at_)
    return {};
  is_dead_ = true;
  return Error{path + ": died here"};
}

bool SimulatedDisk::sync_fails() {
  return ++syncs_ == fail_sync_at_;
}

std::shared_ptr<SimulatedDisk::Node> SimulatedDisk::find(const std::string &path) const {
  std::shared_ptr<Node> node = root_;
  if (path == ".")
    return node;
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    const auto found = node->names.find(path.substr(begin, end - begin));
    if (found == node->names.end())
      return nullptr;
    node = found->second;
    begin = end + 1;
  }
  return node;
}

std::shared_ptr<SimulatedDisk::Node> SimulatedDisk::parent(const std::string &path) const {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? root_ : find(path.substr(0, slash));
}

Status SimulatedDisk::lock() {
  if (is_locked_)
    return Error{"another process is writing this log"};
  WARRANT_TRY(make_directory(".state"));
  is_locked_ = true;
  return {};
}

Result<std::optional<Bytes>> SimulatedDisk::read(const std::string &path, size_t limit) {
  const auto node = find(path);
  if (!node)
    return std::optional<Bytes>();
  if (node->is_directory || node->content.size() > limit)
    return Error{path + ": not a regular file of at most " + std::to_string(limit) + " bytes"};
  return std::optional(node->content);
}

Result<std::vector<std::string>> SimulatedDisk::list(const std::string &path) {
  std::vector<std::string> names;
  if (const auto node = find(path))
    for (const auto &[name, child] : node->names)
      names.push_back(name);
  return names;
}

Result<std::unique_ptr<LogFile>> SimulatedDisk::create(const std::string &path) {
  WARRANT_TRY(step(path));
  const auto directory = parent(path);
  if (!directory || directory->names.contains(name_of(path)))
    return Error{path + ": cannot be created"};
  auto node = make_node(false);
  directory->names[name_of(path)] = node;
  return std::unique_ptr<LogFile>(std::make_unique<SimulatedFile>(*this, node, path));
}

Status SimulatedDisk::make_directory(const std::string &path) {
  WARRANT_TRY(step(path));
  const auto directory = parent(path);
  if (!directory)
    return no_such(path);
  if (!directory->names.contains(name_of(path)))
    directory->names[name_of(path)] = make_node(true);
  return {};
}

Status SimulatedDisk::rename(const std::string &from, const std::string &to) {
  WARRANT_TRY(step(to));
  const auto node = find(from);
  const auto target = parent(to);
  if (!node || !target)
    return no_such(from + " or the directory of " + to);
  parent(from)->names.erase(name_of(from));
  target->names[name_of(to)] = node;
  return {};
}

Status SimulatedDisk::remove(const std::string &path) {
  WARRANT_TRY(step(path));
  if (const auto node = find(path); node && !node->names.empty())
    return Error{path + ": not empty"};
  if (const auto directory = parent(path))
    directory->names.erase(name_of(path));
  return {};
}

Status SimulatedDisk::sync_directory(const std::string &path) {
  WARRANT_TRY(step(path));
  const auto node = find(path);
  if (!node)
    return no_such(path);
  if (sync_fails())
    return Error{path + ": input/output error"};
  if (!is_lying_)
    node->durable_names = node->names;
  return {};
}

void SimulatedDisk::restart_after_kill() {
  is_dead_ = is_locked_ = false;
  die_at_ = fail_sync_at_ = fail_write_at_ = UINT64_MAX;
}

void SimulatedDisk::restart_after_power_loss() {
  restart_after_kill();
  lose_names(*root_);
}

// Each name that was not synced is the old or the new one. A file may have got both names of a
// rename, or neither: no real disk is worse.
void SimulatedDisk::lose_names(Node &directory) {
  std::set<std::string> all;
  for (const auto *names : {&directory.names, &directory.durable_names})
    for (const auto &[name, child] : *names)
      all.insert(name);
  std::map<std::string, std::shared_ptr<Node>> left;
  for (const std::string &name : all) {
    const auto &from = random_() % 2 == 0 ? directory.names : directory.durable_names;
    if (const auto found = from.find(name); found != from.end())
      left.insert(*found);
  }
  directory.names = directory.durable_names = std::move(left);
  for (const auto &[name, child] : directory.names) {
    if (child->is_directory)
      lose_names(*child);
    else
      tear(*child);
  }
}

// Any mixture of old, new and empty sectors, of the old or new length or of one between.
void SimulatedDisk::tear(Node &file) {
  const uint64_t way = random_() % 4;
  if (way == 0 || file.is_spoilt)
    file.content = file.durable;
  if (way >= 2 && file.content != file.durable) {
    const size_t low = std::min(file.content.size(), file.durable.size());
    const size_t high = std::max(file.content.size(), file.durable.size());
    Bytes torn(low + random_() % (high - low + 1));
    for (size_t begin = 0; begin < torn.size(); begin += kSector) {
      const Bytes &from = random_() % 2 == 0 ? file.content : file.durable;
      for (size_t i = begin; i < std::min(begin + kSector, torn.size()); ++i)
        torn[i] = i < from.size() ? from[i] : 0;
    }
    // What had been synced at both lengths alike cannot change.
    const auto same =
        std::mismatch(file.content.begin(), file.content.begin() + static_cast<ptrdiff_t>(low),
                      file.durable.begin());
    const auto size =
        std::min<ptrdiff_t>(same.first - file.content.begin(), static_cast<ptrdiff_t>(torn.size()));
    std::copy_n(file.durable.begin(), size, torn.begin());
    file.content = std::move(torn);
  }
  file.durable = file.content;
  file.is_spoilt = false;
}

Bytes *SimulatedDisk::content(const std::string &path) {
  const auto node = find(path);
  return node ? &node->content : nullptr;
}

void SimulatedDisk::put(const std::string &path, Bytes content) {
  const auto directory = parent(path);
  auto node = make_node(false);
  node->content = node->durable = std::move(content);
  directory->names[name_of(path)] = directory->durable_names[name_of(path)] = node;
}

void SimulatedDisk::walk(const Node &node, const std::string &path,
                         const std::function<void(const std::string &)> &visit) const {
  for (const auto &[name, child] : node.names) {
    const std::string below = path.empty() ? name : path + "/" + name;
    if (child->is_directory)
      walk(*child, below, visit);
    else
      visit(below);
  }
}

std::vector<std::string> SimulatedDisk::files() const {
  std::vector<std::string> paths;
  walk(*root_, "", [&](const std::string &path) { paths.push_back(path); });
  return paths;
}

std::shared_ptr<SimulatedDisk::Node> SimulatedDisk::snapshot() const {
  return copy_of(*root_);
}

void SimulatedDisk::restore(const std::shared_ptr<Node> &root) {
  restart_after_kill();
  root_ = copy_of(*root);
}

} // namespace warrant::lineage_test
