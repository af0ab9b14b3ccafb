// SPDX-License-Identifier: Apache-2.0
#include "lineage/body_parts.h"

#include <nlohmann/json.hpp>

#include "artifacts/trust.h"
#include "lineage/body_json.h"
#include "lineage/words.h"

namespace warrant {

void write_task(JsonText &out, const Task &task) {
  out.member("task").open_object();
  out.member("cgroup").text(task.cgroup);
  out.member("cgroupId").wide(task.cgroup_id);
  out.member("comm").text(task.comm);
  out.member("gid").number(task.gid);
  out.member("pid").number(task.pid);
  out.member("tgid").number(task.tgid);
  out.member("uid").number(task.uid);
  out.close_object();
}

Checked<Task> read_task(ObjectReader &from) {
  ObjectReader in = WARRANT_TRY(from.object("task"));
  Task task;
  task.comm = WARRANT_TRY(read_text(in, "comm"));
  task.pid = WARRANT_TRY(read_number(in, "pid"));
  task.tgid = WARRANT_TRY(read_number(in, "tgid"));
  task.uid = WARRANT_TRY(read_number(in, "uid"));
  task.gid = WARRANT_TRY(read_number(in, "gid"));
  task.cgroup_id = WARRANT_TRY(read_wide(in, "cgroupId"));
  task.cgroup = WARRANT_TRY(read_text(in, "cgroup"));
  WARRANT_TRY(in.finish());
  return task;
}

void write_file(JsonText &out, const File &file) {
  out.member("file").open_object();
  out.member("device").number(file.device);
  out.member("filesystem").number(file.filesystem);
  out.member("inode").wide(file.inode);
  out.member("path").text(file.path);
  out.close_object();
}

Checked<File> read_file_of(ObjectReader &from) {
  ObjectReader in = WARRANT_TRY(from.object("file"));
  File file;
  file.path = WARRANT_TRY(read_text(in, "path"));
  file.device = WARRANT_TRY(read_number(in, "device"));
  file.inode = WARRANT_TRY(read_wide(in, "inode"));
  file.filesystem = WARRANT_TRY(read_number(in, "filesystem"));
  WARRANT_TRY(in.finish());
  return file;
}

void write_caller(JsonText &out, const Caller &caller) {
  out.member("caller").open_object();
  if (caller.login != UINT32_MAX)
    out.member("login").number(caller.login);
  out.member("pid").number(caller.pid);
  out.member("uid").number(caller.uid);
  out.close_object();
}

Checked<Caller> read_caller(ObjectReader &from) {
  ObjectReader in = WARRANT_TRY(from.object("caller"));
  Caller caller;
  if (in.has("login"))
    caller.login = WARRANT_TRY(read_number(in, "login"));
  caller.pid = WARRANT_TRY(read_number(in, "pid"));
  caller.uid = WARRANT_TRY(read_number(in, "uid"));
  WARRANT_TRY(in.finish());
  return caller;
}

// Host and origin come out of a signed document, but are others' text all the same.
void write_remote_parent(JsonText &out, const RemoteParent &parent) {
  out.member("parent").open_object();
  if (parent.artifact)
    out.member("artifact").hex(*parent.artifact);
  out.member("boot").string(parent.boot);
  out.member("host").text(Text(parent.host));
  out.member("lineage").wide(parent.lineage);
  if (parent.log) {
    out.member("log").open_object();
    out.member("index").wide(parent.log->index);
    out.member("origin").text(Text(parent.log->origin));
    out.member("root").hex(parent.log->root);
    out.member("size").wide(parent.log->size);
    out.close_object();
  }
  out.close_object();
}

static Checked<LogPlace> read_log_place(ObjectReader &&in) {
  LogPlace place;
  place.index = WARRANT_TRY(read_wide(in, "index"));
  place.origin = WARRANT_TRY(read_text(in, "origin")).bytes();
  place.root = WARRANT_TRY(in.digest("root"));
  place.size = WARRANT_TRY(read_wide(in, "size"));
  WARRANT_TRY(in.finish());
  return place;
}

Checked<RemoteParent> read_remote_parent(ObjectReader &&in) {
  RemoteParent parent;
  if (in.has("artifact"))
    parent.artifact = WARRANT_TRY(read_id(in, "artifact"));
  parent.boot = WARRANT_TRY(in.string("boot", 1, 64));
  if (!is_boot_id(parent.boot))
    return malformed(in.at("boot"), "not a boot id");
  parent.host = WARRANT_TRY(read_text(in, "host")).bytes();
  parent.lineage = WARRANT_TRY(read_wide(in, "lineage"));
  if (in.has("log"))
    parent.log = WARRANT_TRY(read_log_place(WARRANT_TRY(in.object("log"))));
  WARRANT_TRY(in.finish());
  return parent;
}

void write_artifact(JsonText &out, const Attribution &artifact) {
  out.member("artifact").open_object();
  out.member("governance").open_object();
  for (const auto &[key, value] : artifact.governance)
    out.foreign_member(key).text(value);
  out.close_object();
  out.member("id").hex(artifact.id);
  out.member("issuers").open_array();
  for (const std::string &issuer : artifact.issuers)
    out.string(issuer);
  out.close_array();
  out.member("sha256").hex(artifact.sha256);
  out.close_object();
}

namespace {

Checked<std::map<Text, Text>> read_governance(ObjectReader &from) {
  ObjectReader in = WARRANT_TRY(from.object("governance"));
  std::map<Text, Text> governance;
  for (const auto &member : in.members().items()) {
    const std::optional<Text> name = Text::from_escaped(member.key());
    if (!name)
      return malformed(in.at(printable(member.key())), "the name is not in the escaped form");
    governance[*name] = WARRANT_TRY(read_text(in, member.key()));
  }
  return governance;
}

} // namespace

Checked<Attribution> read_artifact(ObjectReader &from) {
  ObjectReader in = WARRANT_TRY(from.object("artifact"));
  Attribution artifact;
  artifact.id = WARRANT_TRY(read_id(in, "id"));
  artifact.sha256 = WARRANT_TRY(in.digest("sha256"));
  const Json *issuers = WARRANT_TRY(in.array("issuers", 0, kMaxTrustKeys));
  for (const Json &issuer : *issuers) {
    if (!issuer.is_string())
      return malformed(in.at("issuers"), "an element is not a string");
    artifact.issuers.push_back(issuer.get<std::string>());
  }
  artifact.governance = WARRANT_TRY(read_governance(in));
  WARRANT_TRY(in.finish());
  return artifact;
}

Checked<std::optional<Attribution>> read_optional_artifact(ObjectReader &in) {
  std::optional<Attribution> artifact;
  if (in.has("artifact"))
    artifact = WARRANT_TRY(read_artifact(in));
  return artifact;
}

} // namespace warrant
