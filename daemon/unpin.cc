// SPDX-License-Identifier: Apache-2.0
#include "daemon/unpin.h"

#include <bpf/bpf.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <utility>
#include <vector>

#include "daemon/canary.h"
#include "daemon/clock.h"
#include "daemon/unique_fd.h"

namespace warrant {
namespace {

// The kernel detaches a link behind the back of whoever removed its pin, one after another: thirty
// took more than five seconds on 6.12 under TCG.
constexpr int64_t kPatience = 60'000'000'000;
constexpr timespec kBetweenLooks = {0, 5'000'000};

// What goes last, in this order.
constexpr std::array<w_hook, 9> kLast = {
    W_HOOK_BPRM_COMMITTED, W_HOOK_FILE_OPEN,  W_HOOK_INODE_SETATTR,
    W_HOOK_FILE_MPROTECT,  W_HOOK_MMAP_FILE,  W_HOOK_BPRM_CHECK,
    W_HOOK_BPRM_FILE,      W_HOOK_TASK_ALLOC, W_HOOK_TASK_FREE};

static_assert(std::equal(kFollowers.rbegin(), kFollowers.rend(), kLast.end() - kFollowers.size()));

size_t place_of(const LinkName &link) {
  const auto *const found = std::find(kLast.begin(), kLast.end(), link.hook);
  return found == kLast.end() ? 0 : 1 + static_cast<size_t>(found - kLast.begin());
}

Error unlink_error(const std::string &path) {
  return Error{"cannot remove " + path + ": " + std::strerror(errno)};
}

Status remove_pin(const std::string &path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT)
    return unlink_error(path);
  return {};
}

// 0: there is none.
uint32_t link_id(const std::string &path) {
  const int fd = bpf_obj_get(path.c_str());
  if (fd < 0)
    return 0;
  const UniqueFd link(fd);
  bpf_link_info info{};
  uint32_t size = sizeof(info);
  return bpf_obj_get_info_by_fd(fd, &info, &size) == 0 ? info.id : 0;
}

bool is_attached(uint32_t id) {
  const int fd = bpf_link_get_fd_by_id(id);
  if (fd < 0)
    return errno != ENOENT;
  const UniqueFd link(fd);
  return true;
}

// The kernel forgets a link's number before it takes the program away (bpf_link_free, 6.1 to 7.2),
// which takes its time, and not in the order in which the pins were removed: on 7.2 code may still
// be refused where an exec no longer is. Where the canary cannot be tried, or somebody else refuses
// it, nothing tells when that is over.
void wait_until_let_go() {
  const int64_t until = boot_now() + kPatience;
  const auto is_refused = [](const Result<CanaryResult> &canary) {
    return canary.ok() && (canary.value().refused || canary.value().killed);
  };
  for (auto canary = run_canary(); is_refused(canary) && boot_now() < until; canary = run_canary())
    ::nanosleep(&kBetweenLooks, nullptr);
}

Status wait_until_detached(const std::vector<std::pair<std::string_view, uint32_t>> &links) {
  const int64_t until = boot_now() + kPatience;
  for (const auto &[name, id] : links)
    while (is_attached(id)) {
      if (boot_now() > until)
        return Error{std::string(name) + " (link " + std::to_string(id) +
                     ") is attached although its pin is gone: another process holds it, and it "
                     "goes on judging until that process ends"};
      ::nanosleep(&kBetweenLooks, nullptr);
    }
  return {};
}

Status unpin_and_wait(const std::string &directory, const LinkName *first, const LinkName *last) {
  std::vector<std::pair<std::string_view, uint32_t>> links;
  for (const LinkName *link = first; link != last; link++)
    if (const uint32_t id = link_id(link_pin_path(directory, link->program)))
      links.emplace_back(link->program, id);
  for (const LinkName *link = first; link != last; link++)
    WARRANT_TRY(remove_pin(link_pin_path(directory, link->program)));
  return wait_until_detached(links);
}

} // namespace

std::array<LinkName, kLinks.size()> removal_order() {
  std::array<LinkName, kLinks.size()> order = kLinks;
  std::stable_sort(order.begin(), order.end(),
                   [](const LinkName &a, const LinkName &b) { return place_of(a) < place_of(b); });
  return order;
}

Status unpin_links(const std::string &directory) {
  const std::array<LinkName, kLinks.size()> order = removal_order();
  const LinkName *const end = order.data() + order.size();
  WARRANT_TRY(unpin_and_wait(directory, order.data(), end - kFollowers.size()));
  wait_until_let_go();
  return unpin_and_wait(directory, end - kFollowers.size(), end);
}

Status unpin_rest(const std::string &directory) {
  for (std::string_view name : kMapNames)
    WARRANT_TRY(remove_pin(map_pin_path(directory, name)));
  WARRANT_TRY(remove_pin(take_uses_pin_path(directory)));
  for (const std::string &folder : {directory + "/links", directory + "/maps", directory})
    ::rmdir(folder.c_str()); // stays if somebody keeps other things there
  return {};
}

void remove_pins(const std::string &directory) {
  for (const LinkName &link : removal_order())
    ::unlink(link_pin_path(directory, link.program).c_str());
  for (std::string_view name : kMapNames)
    ::unlink(map_pin_path(directory, name).c_str());
  ::unlink(take_uses_pin_path(directory).c_str());
}

} // namespace warrant
