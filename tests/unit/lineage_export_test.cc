// SPDX-License-Identifier: Apache-2.0
// The page and the formats of other systems, for one record of each type and for texts that
// somebody chose to break them.
#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>

#include "lineage/cgroup_name.h"
#include "lineage/dot.h"
#include "lineage/export.h"
#include "lineage/metrics.h"
#include "lineage/report.h"
#include "lineage/summary.h"
#include "lineage_fixture.h"
#include "tests/catch.h"

using namespace warrant;
using namespace warrant::lineage_test;
using Catch::Matchers::Contains;

namespace {

constexpr std::string_view kEvil =
    "/tmp/</script><script>alert(1)</script>&\"'\xe2\x80\xa8\x1b[2J\n";

Record evil_record() {
  w_facts facts = allowing_facts();
  facts.candidate_count = 0;
  facts.flags = 0;
  w_event event = decision_event(7, facts, kEvil);
  std::strcpy(event.comm, "<img src=x>");
  return record_of(event);
}

std::string page_of(const std::vector<Record> &records, size_t limit = 100) {
  Report report(limit);
  for (const Record &record : records)
    report.add(record);
  ReportFrame frame;
  frame.title = "<b>title</b>{{data}}{{script}}";
  frame.version = "1";
  return report.page(frame);
}

size_t count_of(const std::string &text, std::string_view what) {
  size_t count = 0;
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1))
    count++;
  return count;
}

Json data_of(const std::string &page) {
  const std::string_view begin = "<script type=\"application/json\" id=\"data\">";
  const size_t at = page.find(begin) + begin.size();
  return Json::parse(page.substr(at, page.find("</script>", at) - at));
}

} // namespace

TEST_CASE("nothing that a record holds becomes markup") {
  const std::string page = page_of({evil_record()});
  // The two that the page has.
  CHECK(count_of(page, "<script") == 2);
  CHECK(count_of(page, "</script") == 2);
  CHECK(page.find("<img") == std::string::npos);
  CHECK(page.find("<b>") == std::string::npos);
  CHECK(page.find("\x1b") == std::string::npos);
  CHECK_THAT(page, Contains("&lt;b&gt;title"));
  // The title names a placeholder; it must stay a text.
  CHECK_THAT(page, Contains("{{data}}"));
  const Json data = data_of(page);
  REQUIRE(data["events"].size() == 1);
  const std::string file = data["strings"][data["events"][0][5].get<size_t>()];
  CHECK(file == Text(kEvil).escaped());
}

TEST_CASE("a page allows its own script and style, and nothing from anywhere") {
  const std::string page = page_of(one_of_each());
  CHECK_THAT(page, Contains("default-src 'none'"));
  CHECK(page.find("unsafe-inline") == std::string::npos);
  for (const char *tag : {"script", "style"}) {
    const std::string open = std::string("<") + tag + ">";
    const std::string close = std::string("</") + tag + ">";
    const size_t begin = page.find(open) + open.size();
    const std::string source = page.substr(begin, page.find(close, begin) - begin);
    CHECK(source.size() > 1000);
    CHECK_THAT(page, Contains("'sha256-" + to_base64(sha256(view(source))) + "'"));
  }
  for (const char *way : {"http://", "https://", "src=", "@import", "url(", "innerHTML", "eval("})
    CHECK(count_of(page, way) == (std::string(way) == "http://" ? 1 : 0)); // the name of SVG
}

TEST_CASE("a page keeps the last records and says how many came before") {
  std::vector<Record> records;
  for (uint64_t i = 1; i <= 30; ++i)
    records.push_back(record_of(commit_event(i, i + 1, i)));
  const Json data = data_of(page_of(records, 10));
  CHECK(data["events"].size() == 10);
  CHECK(data["leftOut"] == 20);
  CHECK(data["strings"][data["events"][0][13].get<size_t>()] == records[20].id);
}

TEST_CASE("every type of record has its own message id, for ever") {
  std::set<std::string> ids;
  for (const Record &record : one_of_each()) {
    const std::string id(message_id(record.body));
    CHECK(id.size() == 32);
    CHECK(std::all_of(id.begin(), id.end(),
                      [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }));
    ids.insert(id);
  }
  CHECK(ids.size() == std::variant_size_v<Body>);
  // Whoever filters by one filters by this.
  CHECK(message_id(evil_record().body) == "59375ca29b754895a8d78e2b5f0d655d");
}

TEST_CASE("an entry of the journal is one line a field, or a size in front") {
  const std::string datagram = journal_datagram({{"A", "1"}, {"B", "two\nlines"}, {"C", "="}});
  CHECK(datagram == std::string("A=1\nB\n\x09\0\0\0\0\0\0\0two\nlines\nC==\n", 28));
  for (const Record &record : one_of_each()) {
    std::set<std::string> names;
    for (const auto &[name, value] : journal_of(record)) {
      CHECK(names.insert(name).second);
      CHECK(name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == std::string::npos);
      CHECK(name[0] != '_');
      CHECK(!value.empty());
    }
    for (const char *name : {"MESSAGE", "MESSAGE_ID", "PRIORITY", "WARRANT_RECORD"})
      CHECK(names.contains(name));
  }
}

TEST_CASE("OCSF has a place for decisions and ends, with all that it requires") {
  size_t events = 0;
  for (const Record &record : one_of_each()) {
    const std::optional<Json> event = ocsf_of(record, "0.1.0");
    const bool expected =
        std::holds_alternative<Decision>(record.body) || std::holds_alternative<Ended>(record.body);
    REQUIRE(event.has_value() == expected);
    if (!event)
      continue;
    events++;
    CHECK((*event)["class_uid"] == 1007);
    CHECK((*event)["type_uid"] == 100700 + (*event)["activity_id"].get<int>());
    CHECK((*event)["metadata"]["profiles"] == Json::array({"security_control"}));
  }
  CHECK(events == 2);
  const Json denied = *ocsf_of(evil_record(), "0.1.0");
  CHECK(denied["action_id"] == 2);
  CHECK(denied["disposition_id"] == 2);
  CHECK(denied["status_id"] == 2);
  CHECK(denied["status_detail"] == "missing authorization");
  CHECK(denied["process"]["file"]["hashes"][0]["algorithm_id"] == 3);
}

TEST_CASE("ECS holds every record") {
  for (const Record &record : one_of_each()) {
    const Json json = ecs_of(record);
    CHECK(json["event"]["id"] == record.id);
    CHECK(json["event"]["category"].is_array());
    CHECK(json["event"]["type"].is_array());
    CHECK(json["warrant"]["type"] == type_name(record.body));
  }
  const Json denied = ecs_of(evil_record());
  CHECK(denied["event"]["outcome"] == "failure");
  CHECK(denied["event"]["reason"] == "missing authorization");
  CHECK(denied["file"]["path"] == Text(kEvil).escaped());
  CHECK(denied["file"]["hash"]["sha256"] == to_hex(summary_of(evil_record()).digest));
  CHECK_FALSE(denied["warrant"].contains("verity"));
}

TEST_CASE("the digest of fs-verity is not said to be a SHA-256 of the file") {
  Record record = evil_record();
  std::get<Decision>(record.body).facts.digest_kind = W_DIGEST_VERITY;
  const Json json = ecs_of(record);
  CHECK_FALSE(json["file"].contains("hash"));
  CHECK(json["warrant"]["verity"] == to_hex(summary_of(record).digest));
}

TEST_CASE("metrics count decisions by reason and know which lease is open") {
  Metrics metrics;
  metrics.add(evil_record());
  metrics.add(evil_record());
  metrics.add(record_of(decision_event(8, allowing_facts(), "/bin/true")));
  metrics.add(gap(5));
  Lease lease;
  lease.name = "a\"b\\c";
  lease.is_open = true;
  lease.until = 1000;
  metrics.add(make_record(origin(), kNow, lease));
  metrics.set_size(4711);
  const std::string text = metrics.text(std::string(kBoot), 999);
  CHECK_THAT(text, Contains("warrant_decisions_total{verdict=\"deny\",reason=\"missing "
                            "authorization\",request=\"exec\"} 2\n"));
  CHECK_THAT(text, Contains("warrant_decisions_total{verdict=\"allow\",reason=\"authorized\","
                            "request=\"exec\"} 1\n"));
  CHECK_THAT(text, Contains("warrant_records_lost_total 5\n"));
  CHECK_THAT(text, Contains("warrant_log_bytes 4711\n"));
  // In a record a backslash is two already, and each is escaped here.
  CHECK_THAT(text, Contains("warrant_lease_open{name=\"a\\\"b\\\\\\\\c\"} 1\n"));
  CHECK(text.ends_with("# EOF\n"));
  CHECK_THAT(metrics.text(std::string(kBoot), 1000), Contains("c\"} 0\n"));
  CHECK_THAT(metrics.text("another boot", 1), Contains("c\"} 0\n"));
}

TEST_CASE("control groups say unit, session, login and container") {
  const std::string login = "/user.slice/user-1000.slice/session-3.scope";
  CHECK(unit_of(login) == "session-3.scope");
  CHECK(session_of(login) == 3u);
  CHECK(login_of(login) == 1000u);
  CHECK(is_in_unit(login, "user-1000.slice"));
  CHECK(!is_in_unit(login, "user-100.slice"));
  CHECK(unit_of("/system.slice/nginx.service") == "nginx.service");
  CHECK(unit_of("/user.slice/user-1.slice/user@1.service/app.slice/a.service") == "a.service");
  CHECK(unit_of("/").empty());
  CHECK(unit_of("").empty());
  CHECK(!session_of("/session-c1.scope"));
  CHECK(!session_of("/session-99999999999999999999.scope"));
  CHECK(!login_of("/user-.slice"));
  const std::string id(64, 'a');
  CHECK(container_of("/system.slice/docker-" + id + ".scope") == id);
  CHECK(container_of("/kubepods/besteffort/pod1/" + id) == id);
  CHECK(container_of("/system.slice/docker-" + id.substr(1) + ".scope").empty());
}

TEST_CASE("labels of a graph end where they end") {
  Dot dot("g");
  dot.node("1", {"a\"]; evil [label=\"", "back\\slash"});
  dot.edge("1", "2", "x\"y");
  const std::string text = std::move(dot).take();
  CHECK_THAT(text, Contains("label=\"a\\\"]; evil [label=\\\"\\lback\\\\slash\\l\""));
  CHECK_THAT(text, Contains("label=\"x\\\"y\""));
}
