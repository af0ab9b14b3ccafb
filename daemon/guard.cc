// SPDX-License-Identifier: Apache-2.0
#include "daemon/guard.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "bpf/abi.h"
#include "daemon/unique_fd.h"
#include "enforcement.skel.h"

namespace warrant {
namespace {

Error said(const std::string &what, int error) {
  return Error{what + ": " + std::strerror(error)};
}

// A service may have a mount namespace of its own, which ends with it: the mount that counts is
// that of PID 1.
Result<UniqueFd> open_as_first(const std::string &path) {
  const std::string first = "/proc/1/root" + path;
  const int opened = ::open(first.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (opened < 0)
    return said("cannot open " + first, errno);
  UniqueFd fd(opened);
  struct stat theirs {};
  struct stat ours {};
  if (::fstat(opened, &theirs) != 0 || ::stat(path.c_str(), &ours) != 0)
    return said("cannot look at " + path, errno);
  if (theirs.st_dev != ours.st_dev || theirs.st_ino != ours.st_ino)
    return Error{path +
                 " is another folder for PID 1: pins that only this mount namespace has "
                 "would end with it"};
  return fd;
}

Result<uint32_t> type_information(const ::enforcement &skeleton) {
  bpf_prog_info info{};
  uint32_t size = sizeof(info);
  if (bpf_obj_get_info_by_fd(bpf_program__fd(skeleton.progs.take_guard), &info, &size) != 0)
    return said("cannot ask for the programs' type information", errno);
  if (info.btf_id == 0)
    return Error{"the kernel keeps no type information of the programs"};
  return info.btf_id;
}

// libbpf gives no type information to some kinds of maps.
Status list_plain_maps(const ::enforcement &skeleton, w_guard &guard) {
  size_t count = 0;
  bpf_map *map = nullptr;
  while ((map = bpf_object__next_map(skeleton.obj, map)) != nullptr) {
    bpf_map_info info{};
    uint32_t size = sizeof(info);
    if (bpf_obj_get_info_by_fd(bpf_map__fd(map), &info, &size) != 0)
      return said(std::string("cannot ask for map ") + bpf_map__name(map), errno);
    if (info.btf_id == guard.btf)
      continue;
    if (info.btf_id != 0 || count == std::size(guard.maps))
      return Error{std::string("map ") + bpf_map__name(map) + " cannot be guarded"};
    guard.maps[count++] = info.id;
  }
  return {};
}

Status run_take_guard(const ::enforcement &skeleton, w_guard_request &request) {
  bpf_test_run_opts options{};
  options.sz = sizeof(options);
  options.ctx_in = &request;
  options.ctx_size_in = sizeof(request);
  if (bpf_prog_test_run_opts(bpf_program__fd(skeleton.progs.take_guard), &options) != 0)
    return said("cannot tell the programs where their pins lie", errno);
  if (request.result == -EXDEV)
    return Error{
        "the daemon is in a namespace of time or of processes, where the clock is another "
        "than the programs' or processes are not seen: start it outside"};
  if (request.result == -EACCES)
    return Error{
        "the daemon has a seccomp filter that pretends calls to have succeeded, or a supervisor "
        "that answers them, or this kernel does not keep filters to be read "
        "(CONFIG_CHECKPOINT_RESTORE): start it without them"};
  if (request.result != 0)
    return said("the programs cannot guard the pins", -request.result);
  return {};
}

} // namespace

Status set_guard(const ::enforcement &skeleton, const std::string &directory) {
  w_guard_request request{};
  std::vector<UniqueFd> folders; // open until the program has looked at them
  const std::array<std::string, W_GUARD_FOLDERS> paths = {directory, directory + "/maps",
                                                          directory + "/links"};
  for (size_t i = 0; i < paths.size(); i++) {
    folders.push_back(WARRANT_TRY(open_as_first(paths[i])));
    request.folders[i] = folders.back().get();
  }
  request.guard.btf = WARRANT_TRY(type_information(skeleton));
  WARRANT_TRY(list_plain_maps(skeleton, request.guard));
  WARRANT_TRY(run_take_guard(skeleton, request));
  if (bpf_map_freeze(bpf_map__fd(skeleton.maps.data_guard)) != 0)
    return said("cannot freeze what the programs know of their pins", errno);
  return {};
}

} // namespace warrant
