// SPDX-License-Identifier: Apache-2.0
#include "daemon/warm.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <set>
#include <thread>

#include "artifacts/trust.h"
#include "bpf/abi.h"
#include "daemon/unique_fd.h"

namespace warrant {
namespace {

constexpr int kLowestPriority = 19;

Error said(const std::string &what, const std::string &path) {
  return Error{"cannot " + what + " " + printable(path, 512) + ": " + std::strerror(errno)};
}

bool is_gone(int error) {
  return error == ENOENT || error == ENOTDIR || error == ELOOP || error == EXDEV;
}

// By O_PATH, which opens neither devices nor pipes. Links of procfs lead to what others have open.
int look_at(const std::string &path) {
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(::syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof(how)));
}

bool is_measurable(int fd) {
  struct stat status {};
  struct statfs place {};
  if (::fstat(fd, &status) != 0 || ::fstatfs(fd, &place) != 0)
    return false;
  const auto known = known_filesystems();
  return S_ISREG(status.st_mode) && static_cast<uint64_t>(status.st_size) <= W_MAX_MEASURED_BYTES &&
         std::any_of(known.begin(), known.end(), [&](const Filesystem &filesystem) {
           return filesystem.magic == static_cast<uint32_t>(place.f_type);
         });
}

} // namespace

Result<Warmth> warm_file(const std::string &path) {
  const int looked = look_at(path);
  if (looked < 0)
    return is_gone(errno) ? Result<Warmth>(Warmth::kSkipped) : said("look at", path);
  const UniqueFd place(looked);
  if (!is_measurable(place.get()))
    return Warmth::kSkipped;
  const std::string again = "/proc/self/fd/" + std::to_string(place.get());
  const int opened = ::open(again.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (opened < 0)
    return said("open", path);
  const UniqueFd fd(opened);
  void *mapped = ::mmap(nullptr, 1, PROT_READ, MAP_PRIVATE | MAP_EXECUTABLE, fd.get(), 0);
  if (mapped == MAP_FAILED)
    return said("map", path);
  ::munmap(mapped, 1);
  return Warmth::kMapped;
}

std::vector<std::string> paths_to_warm(const Collection &collection) {
  std::vector<std::string> paths;
  for (const AcceptedArtifact &accepted : collection.accepted) {
    const Authorization &authorization = accepted.artifact.authorization();
    if (accepted.artifact.blocked() ||
        !(authorization.actions & (W_ACTION_INTERPRET | W_ACTION_MAP)))
      continue;
    for (const Subject &subject : authorization.subjects)
      if (subject.name.starts_with('/'))
        paths.push_back(subject.name);
  }
  std::sort(paths.begin(), paths.end());
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
  return paths;
}

std::string unmeasured_read(ByteView event) {
  w_event head{};
  constexpr size_t kNeeded = W_EVENT_SIZE(0);
  if (event.size() < kNeeded)
    return {};
  std::memcpy(&head, event.data(), kNeeded);
  if (head.type != W_EVENT_DECISION || head.facts.request != W_REQUEST_READ ||
      head.decision.verdict != W_DENY || head.facts.measure != W_MEASURE_UNCACHED ||
      head.path[0] != '/')
    return {};
  return std::string(head.path, ::strnlen(head.path, sizeof(head.path)));
}

struct Warmer::Queue {
  std::mutex mutex;
  std::condition_variable filled;
  std::deque<std::string> waiting;
  std::set<std::string> known; // what waits
  bool ends = false;
  bool works = false; // on one that waits no more
  std::atomic<uint64_t> count = 0;

  // The next one; nothing: it ends.
  std::string take() {
    std::unique_lock lock(mutex);
    works = false;
    filled.wait(lock, [this] { return ends || !waiting.empty(); });
    if (ends)
      return {};
    std::string path = std::move(waiting.front());
    waiting.pop_front();
    known.erase(path);
    works = true;
    return path;
  }

  void work() {
    // Of this thread only, though POSIX says of the process (setpriority(2), "C library/kernel").
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), kLowestPriority);
    for (std::string path = take(); !path.empty(); path = take())
      if (const Result<Warmth> done = warm_file(path); done.ok() && done.value() == Warmth::kMapped)
        count++;
  }
};

Warmer::Warmer() : queue_(std::make_shared<Queue>()) {
  std::thread([queue = queue_] { queue->work(); }).detach();
}

Warmer::~Warmer() {
  const std::lock_guard lock(queue_->mutex);
  queue_->ends = true;
  queue_->filled.notify_one();
}

void Warmer::hurry(const std::string &path) {
  const std::lock_guard lock(queue_->mutex);
  if (queue_->waiting.size() >= kMaxWaiting || !queue_->known.insert(path).second)
    return;
  queue_->waiting.push_front(path);
  queue_->filled.notify_one();
}

void Warmer::follow(std::vector<std::string> paths) {
  paths.resize(std::min(paths.size(), kMaxWaiting));
  const std::lock_guard lock(queue_->mutex);
  queue_->waiting.assign(paths.begin(), paths.end());
  queue_->known = std::set<std::string>(paths.begin(), paths.end());
  queue_->filled.notify_one();
}

size_t Warmer::waiting() const {
  const std::lock_guard lock(queue_->mutex);
  return queue_->waiting.size() + (queue_->works ? 1 : 0);
}

uint64_t Warmer::count() const {
  return queue_->count;
}

} // namespace warrant
