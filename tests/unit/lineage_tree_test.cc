// SPDX-License-Identifier: Apache-2.0
#include <cstring>
#include <nlohmann/json.hpp>

#include "lineage/tree_view.h"
#include "lineage_fixture.h"
#include "tests/catch.h"

using namespace warrant;
using namespace warrant::lineage_test;
using Catch::Matchers::Contains;

namespace {

struct Exec {
  uint64_t lineage;
  uint64_t parent;
  std::string path;
  uint32_t uid = 1000;
};

// The two records of an exec that went through: the decision on it and the commit.
void add_exec(ExecTree &tree, const Exec &exec, uint32_t parent_flags = W_PROCESS_COMMITTED) {
  w_event decision = decision_event(exec.lineage * 10, allowing_facts(), exec.path);
  decision.process.lineage = exec.parent;
  decision.process.parent = parent_flags & W_PROCESS_ADOPTED ? 0 : 1;
  decision.process.flags = parent_flags;
  decision.exec = exec.lineage;
  decision.uid = exec.uid;
  tree.add(record_of(decision));
  w_event commit = commit_event(exec.lineage * 10 + 1, exec.lineage, exec.parent);
  commit.uid = exec.uid;
  tree.add(record_of(commit));
}

void add_denial(ExecTree &tree, uint64_t lineage, uint64_t parent) {
  w_facts facts = allowing_facts();
  facts.candidate_count = 0;
  facts.flags = 0;
  w_event denial = decision_event(999, facts, "/tmp/evil");
  denial.process.lineage = lineage;
  denial.process.parent = parent;
  tree.add(record_of(denial));
}

// 2 (adopted) -> 10 bash -> { 11 ls, 12 make -> 13 cc (uid 7) }
ExecTree sample() {
  ExecTree tree;
  add_exec(tree, {10, 2, "/bin/bash"}, W_PROCESS_ADOPTED);
  add_exec(tree, {11, 10, "/bin/ls"});
  add_exec(tree, {12, 10, "/usr/bin/make"});
  add_exec(tree, {13, 12, "/usr/bin/cc", 7});
  add_denial(tree, 12, 10);
  return tree;
}

// What the drawing says, without pids and times.
std::string outline(const ExecTree &tree, const TreeFilter &filter = {}) {
  std::string outline;
  std::string text = tree_to_text(tree, filter);
  for (size_t start = 0; start < text.size();) {
    const size_t end = text.find('\n', start);
    const std::string line = text.substr(start, end - start);
    outline += line.substr(0, line.find("  pid")) + "\n";
    start = end + 1;
  }
  return outline;
}

} // namespace

TEST_CASE("records become a tree") {
  CHECK(outline(sample()) ==
        "[2] bash (adopted)\n"
        "└── [10] /bin/bash\n"
        "    ├── [11] /bin/ls\n"
        "    └── [12] /usr/bin/make\n"
        "        └── [13] /usr/bin/cc\n");
  const std::string text = tree_to_text(sample());
  CHECK_THAT(text, Contains("[12] /usr/bin/make  pid 812  uid 1000  artifact abababababab  denied "
                            "1  2026-11-21T09:59:50"));
}

TEST_CASE("the path of a script is the script's, not its interpreter's") {
  ExecTree tree;
  w_event script = decision_event(1, allowing_facts(), "/home/run.sh");
  script.exec = 41;
  tree.add(record_of(script));
  w_facts facts = allowing_facts();
  facts.chain = 1;
  w_event interpreter = decision_event(2, facts, "/bin/sh");
  interpreter.exec = 41;
  tree.add(record_of(interpreter));
  tree.add(record_of(commit_event(3, 41, 40)));
  CHECK(tree.nodes().at({0, 41}).path.escaped() == "/home/run.sh");
}

TEST_CASE("a parent that was not recorded is shown as such") {
  ExecTree tree;
  add_exec(tree, {31, 30, "/bin/ls"});
  CHECK(outline(tree) ==
        "[1] (not recorded)\n"
        "└── [30] bash (its exec was not recorded)\n"
        "    └── [31] /bin/ls\n");
}

TEST_CASE("commits alone are enough for a tree") {
  ExecTree tree;
  tree.add(record_of(commit_event(3, 41, 40)));
  CHECK(outline(tree) == "[40] (not recorded)\n└── [41] bash\n");
}

TEST_CASE("a tree can be filtered") {
  const ExecTree tree = sample();
  TreeFilter filter;
  filter.lineage = 12;
  CHECK(outline(tree, filter) ==
        "[2] bash (adopted)\n"
        "└── [10] /bin/bash\n"
        "    └── [12] /usr/bin/make\n"
        "        └── [13] /usr/bin/cc\n");
  filter = {};
  filter.uid = 7;
  CHECK_THAT(outline(tree, filter), Contains("[13]") && !Contains("[11]"));
  filter.lineage = 11;
  CHECK(outline(tree, filter).empty());
  filter = {};
  filter.artifact = attribution().id;
  CHECK_THAT(outline(tree, filter), Contains("[11]"));
  filter.artifact = ArtifactId{1};
  CHECK(outline(tree, filter).empty());
  filter = {};
  filter.since_ns = tree.nodes().at({0, 13}).wall_ns;
  CHECK_THAT(outline(tree, filter), Contains("[13]") && !Contains("[11]"));
}

TEST_CASE("a tree as JSON says what matches and what only leads there") {
  TreeFilter filter;
  filter.uid = 7;
  const Json nodes = tree_to_json(sample(), filter)["nodes"];
  REQUIRE(nodes.size() == 4);
  CHECK(nodes[0]["lineage"] == "2");
  CHECK(nodes[0]["knowledge"] == "adopted");
  CHECK(nodes[0]["matches"] == false);
  CHECK(nodes[3]["lineage"] == "13");
  CHECK(nodes[3]["parent"] == "12");
  CHECK(nodes[3]["matches"] == true);
  CHECK(nodes[3]["path"] == "/usr/bin/cc");
}

TEST_CASE("boots do not mix") {
  ExecTree tree;
  Record record = record_of(commit_event(3, 41, 0));
  tree.add(record);
  record.origin.boot[0] = '0';
  tree.add(record);
  CHECK(tree.nodes().size() == 2);
  CHECK(tree.boots().size() == 2);
  CHECK(outline(tree) == "[41] bash\n[41] bash\n");
}

TEST_CASE("records that make a ring or a chain without end are drawn all the same") {
  ExecTree ring;
  ring.add(record_of(commit_event(1, 5, 6)));
  ring.add(record_of(commit_event(2, 6, 5)));
  ring.add(record_of(commit_event(3, 7, 7)));
  CHECK(outline(ring) == "[5] bash\n└── [6] bash\n[7] bash\n");

  ExecTree chain;
  constexpr uint64_t kLength = 20'000;
  for (uint64_t i = 1; i <= kLength; ++i)
    chain.add(record_of(commit_event(i, i, i - 1)));
  const std::string text = tree_to_text(chain);
  CHECK_THAT(text, Contains("⋯ depth 19999 [20000] bash"));
  CHECK(text.size() < kLength * 400);
  CHECK(tree_to_json(chain)["nodes"].size() == kLength);
}

TEST_CASE("a hostile name cannot steer the terminal") {
  ExecTree tree;
  add_exec(tree, {10, 2, "/tmp/\x1b[2J\n\xe2\x80\xae"});
  const std::string text = tree_to_text(tree);
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK_THAT(text, Contains("/tmp/\\x1b[2J\\x0a\\xe2\\x80\\xae"));
}
