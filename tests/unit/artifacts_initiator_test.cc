// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>

#include "artifacts/initiator.h"
#include "tests/catch.h"
#include "tests/unit/artifacts_fixture.h"

using namespace warrant;

namespace {

/// What the kernel knows of a calling process.
struct Task {
  uint32_t uid, gid;
  std::string cgroup;
  Digest code;
  uint32_t session;
};

const std::vector<std::string> &cgroups() {
  static const std::vector<std::string> cgroups = {"/a",
                                                   "/a/b",
                                                   "/a/b/c",
                                                   "/ab",
                                                   "/system.slice",
                                                   "/system.slice/x.service",
                                                   "/a/bc",
                                                   "/system.slice/x.service/sub"};
  return cgroups;
}

std::vector<Task> universe() {
  std::vector<Task> tasks;
  for (uint32_t bits = 0; bits < 16; bits++)
    for (const std::string &cgroup : cgroups())
      tasks.push_back({bits & 1, bits >> 1 & 1, cgroup, test::digest(bits >> 2 & 1), bits >> 3});
  // In none of the cgroups that initiators name.
  for (uint32_t bits = 0; bits < 16; bits++)
    tasks.push_back({bits & 1, bits >> 1 & 1, "/z", test::digest(bits >> 2 & 1), bits >> 3});
  return tasks;
}

/// Walks up from the task's own cgroup, as a person would.
bool is_in_cgroup(std::string cgroup, const std::string &wanted) {
  while (!cgroup.empty()) {
    if (cgroup == wanted)
      return true;
    cgroup.resize(cgroup.rfind('/'));
  }
  return false;
}

bool satisfies(const Task &task, const Initiator &initiator) {
  if (initiator.any)
    return true;
  if (initiator.uid && task.uid != *initiator.uid)
    return false;
  if (initiator.gid && task.gid != *initiator.gid)
    return false;
  if (initiator.session && task.session != *initiator.session)
    return false;
  if (initiator.parent_sha256 && task.code != *initiator.parent_sha256)
    return false;
  if (initiator.cgroup && !is_in_cgroup(task.cgroup, *initiator.cgroup))
    return false;
  return !initiator.unit || is_in_cgroup(task.cgroup, "/system.slice/" + *initiator.unit);
}

/// Whether nobody but those of `outer` is in `inner`, asking everybody.
bool is_within(const Initiator &inner, const Initiator &outer) {
  static const std::vector<Task> tasks = universe();
  return std::all_of(tasks.begin(), tasks.end(), [&](const Task &task) {
    return !satisfies(task, inner) || satisfies(task, outer);
  });
}

Initiator random_initiator(std::mt19937 &random) {
  Initiator initiator;
  const auto bits = static_cast<uint32_t>(random());
  if (bits & 1)
    initiator.uid = bits >> 8 & 1;
  if (bits & 2)
    initiator.gid = bits >> 9 & 1;
  if (bits & 4)
    initiator.parent_sha256 = test::digest(bits >> 10 & 1);
  if (bits & 8)
    initiator.session = bits >> 11 & 1;
  if ((bits >> 4 & 3) == 1)
    initiator.cgroup = cgroups()[(bits >> 12) % cgroups().size()];
  if ((bits >> 4 & 3) == 2)
    initiator.unit = "x.service";
  initiator.any = initiator == Initiator{};
  return initiator;
}

Checked<Initiator> read(const Json &json) {
  return read_initiator(ObjectReader::open(json, "i").value());
}

} // namespace

TEST_CASE("a unit is a cgroup of the system slice") {
  Initiator initiator;
  CHECK_FALSE(initiator.cgroup_path());
  initiator.unit = "nginx.service";
  CHECK(initiator.cgroup_path() == "/system.slice/nginx.service");
  initiator.unit.reset();
  initiator.cgroup = "/a/b";
  CHECK(initiator.cgroup_path() == "/a/b");
}

TEST_CASE("kinds have names") {
  for (const ArtifactKind kind :
       {ArtifactKind::kTask, ArtifactKind::kBaseline, ArtifactKind::kBreakglass})
    CHECK(kind_from_name(kind_name(kind)) == kind);
  CHECK_FALSE(kind_from_name("Task"));
}

TEST_CASE("initiators survive the way through JSON") {
  std::mt19937 random(1);
  for (int i = 0; i < 1000; i++) {
    const Initiator initiator = random_initiator(random);
    CHECK(read(initiator_json(initiator)).value() == initiator);
  }
  Initiator extreme;
  extreme.uid = extreme.gid = extreme.session = 0xfffffffe;
  CHECK(read(initiator_json(extreme)).value() == extreme);
}

TEST_CASE("initiators that mean nobody are refused") {
  CHECK(read(Json::object()).error().detail == "no restriction given, which means nobody");
  CHECK(wider_member(Initiator{}, Initiator{}) == "any");
}

TEST_CASE("what is wider is named") {
  struct Case {
    const char *inner, *outer, *wider; ///< wider empty: none
  };
  const Case cases[] = {
      {R"({"any":true})", R"({"any":true})", ""},
      {R"({"uid":1})", R"({"any":true})", ""},
      {R"({"any":true})", R"({"uid":1})", "uid"},
      {R"({"any":true})", R"({"unit":"a.service"})", "unit"},
      {R"({"uid":2})", R"({"uid":1})", "uid"},
      {R"({"uid":1})", R"({"gid":1})", "gid"},
      {R"({"uid":1,"gid":1})", R"({"gid":1})", ""},
      {R"({"uid":1})", R"({"uid":1,"session":4})", "session"},
      {R"({"uid":1,"session":5})", R"({"session":4})", "session"},
      {R"({"uid":1})",
       R"({"parentSha256":"0000000000000000000000000000000000000000000000000000000000000000"})",
       "parentSha256"},
      {R"({"cgroup":"/a"})", R"({"cgroup":"/a"})", ""},
      {R"({"cgroup":"/a/b"})", R"({"cgroup":"/a"})", ""},
      {R"({"cgroup":"/ab"})", R"({"cgroup":"/a"})", "cgroup"},
      {R"({"cgroup":"/a"})", R"({"cgroup":"/a/b"})", "cgroup"},
      {R"({"unit":"x.service"})", R"({"cgroup":"/system.slice"})", ""},
      {R"({"unit":"x.service"})", R"({"cgroup":"/system.slice/x.service"})", ""},
      {R"({"cgroup":"/system.slice/x.service/sub"})", R"({"unit":"x.service"})", ""},
      {R"({"cgroup":"/system.slice"})", R"({"unit":"x.service"})", "cgroup"},
      {R"({"unit":"y.service"})", R"({"unit":"x.service"})", "unit"},
      {R"({"unit":"y.service"})", R"({"cgroup":"/system.slice/x.service"})", "unit"},
  };
  for (const Case &c : cases) {
    INFO(c.inner << " in " << c.outer);
    const Initiator inner = read(Json::parse(c.inner)).value();
    const Initiator outer = read(Json::parse(c.outer)).value();
    CHECK(wider_member(inner, outer).value_or("") == c.wider);
  }
}

TEST_CASE("narrower means that nobody else comes in") {
  std::mt19937 random(2);
  int within = 0;
  for (int i = 0; i < 100000; i++) {
    const Initiator inner = random_initiator(random);
    const Initiator outer = random_initiator(random);
    const bool expected = is_within(inner, outer);
    within += expected ? 1 : 0;
    if (wider_member(inner, outer).has_value() == expected)
      FAIL(initiator_json(inner).dump() << " in " << initiator_json(outer).dump());
  }
  CHECK(within > 1000); // both answers were asked for
  CHECK(within < 99000);
}
