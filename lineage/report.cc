// SPDX-License-Identifier: Apache-2.0
#include "lineage/report.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "lineage/cgroup_name.h"
#include "lineage/summary.h"
#include "lineage/tree.h"
#include "lineage/words.h"

namespace warrant {
namespace embedded {
extern const std::string_view page_html;
extern const std::string_view page_css;
extern const std::string_view page_js;
} // namespace embedded

namespace {

enum class Outcome { kAllowed, kDenied, kObserved, kOther };
constexpr const char *kOutcomes[] = {"allowed", "denied", "observed", "other"};

int64_t milliseconds(int64_t wall_ns) {
  return wall_ns / 1'000'000;
}

// Each text once; rows hold its place.
class Strings {
 public:
  size_t place(const std::string &text) {
    const auto [found, is_new] = places_.try_emplace(text, places_.size());
    if (is_new)
      list_.push_back(text);
    return found->second;
  }
  Json take() && { return std::move(list_); }

 private:
  std::unordered_map<std::string, size_t> places_;
  Json list_ = Json::array();
};

std::string hex_or_nothing(ByteView bytes) {
  const bool is_zero = std::all_of(bytes.begin(), bytes.end(), [](uint8_t b) { return b == 0; });
  return is_zero ? "" : to_hex(bytes);
}

Outcome outcome_of(const Record &record) {
  const auto *decision = std::get_if<Decision>(&record.body);
  if (!decision)
    return Outcome::kOther;
  if (decision->decision.verdict == W_ALLOW)
    return Outcome::kAllowed;
  return decision->decision.enforced ? Outcome::kDenied : Outcome::kObserved;
}

// In the order that page.js reads.
Json event_row(const Record &record, Strings &strings) {
  const RecordSummary summary = summary_of(record);
  return {milliseconds(record.time.wall_ns),
          static_cast<int>(outcome_of(record)),
          strings.place(std::string(type_name(record.body))),
          strings.place(summary.reason),
          strings.place(summary.request),
          strings.place(summary.file.escaped()),
          strings.place(summary.task ? summary.task->comm.escaped() : ""),
          summary.task ? static_cast<int64_t>(summary.task->uid) : -1,
          summary.task ? summary.task->tgid : 0,
          std::to_string(summary.process ? summary.process->lineage : 0),
          strings.place(summary.task ? unit_of(summary.task->cgroup.escaped()) : ""),
          strings.place(summary.artifact ? to_hex(summary.artifact->id) : ""),
          strings.place(hex_or_nothing(summary.digest)),
          strings.place(record.id),
          strings.place(summary.detail),
          strings.place(record.origin.boot)};
}

Json node_row(const ExecNode &node, const std::string &boot, Strings &strings) {
  return {strings.place(boot),
          std::to_string(node.lineage),
          std::to_string(node.parent),
          strings.place(node.path.escaped()),
          strings.place(node.comm.escaped()),
          node.pid,
          node.uid,
          milliseconds(node.wall_ns),
          node.denials,
          static_cast<int>(node.knowledge),
          strings.place(hex_or_nothing(node.artifact)),
          strings.place(unit_of(node.cgroup.escaped()))};
}

// JSON that nothing in HTML ends or opens: all but ASCII, and what markup is made of, by number.
std::string embeddable(const Json &json) {
  std::string safe;
  for (const char c : json.dump(-1, ' ', true, Json::error_handler_t::replace)) {
    switch (c) {
      case '<':
        safe += "\\u003c";
        break;
      case '>':
        safe += "\\u003e";
        break;
      case '&':
        safe += "\\u0026";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

std::string markup_of(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '&':
        safe += "&amp;";
        break;
      case '"':
        safe += "&quot;";
        break;
      case '\'':
        safe += "&#39;";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

std::string source_hash(std::string_view source) {
  return "'sha256-" + to_base64(sha256(view(source))) + "'";
}

// Each {{name}} of the page once, from the front: what is put in is not looked at again.
std::string filled(std::string_view page,
                   const std::unordered_map<std::string_view, std::string> &values) {
  std::string text;
  for (;;) {
    const size_t begin = page.find("{{");
    const size_t end = begin == std::string_view::npos ? begin : page.find("}}", begin);
    if (end == std::string_view::npos)
      return text.append(page);
    text.append(page.substr(0, begin));
    if (const auto value = values.find(page.substr(begin + 2, end - begin - 2));
        value != values.end())
      text.append(value->second);
    page.remove_prefix(end + 2);
  }
}

} // namespace

void Report::add(Record record) {
  records_.push_back(std::move(record));
  if (records_.size() > limit_) {
    records_.pop_front();
    left_out_++;
  }
}

std::string Report::page(const ReportFrame &frame) const {
  Strings strings;
  ExecTree tree;
  Json events = Json::array();
  for (const Record &record : records_) {
    tree.add(record);
    events.push_back(event_row(record, strings));
  }
  Json nodes = Json::array();
  for (const auto &[key, node] : tree.nodes())
    nodes.push_back(node_row(node, tree.boots()[key.first], strings));
  const Json data = {{"events", std::move(events)},
                     {"leftOut", left_out_},
                     {"made", format_wall_time(frame.made_ns)},
                     {"nodes", std::move(nodes)},
                     {"outcomes", kOutcomes},
                     {"strings", std::move(strings).take()},
                     {"unreadable", frame.unreadable},
                     {"version", frame.version}};
  const std::string policy = "default-src 'none'; script-src " + source_hash(embedded::page_js) +
                             "; style-src " + source_hash(embedded::page_css) +
                             "; base-uri 'none'; form-action 'none'";
  return filled(embedded::page_html, {{"policy", policy},
                                      {"title", markup_of(Text(frame.title).escaped())},
                                      {"style", std::string(embedded::page_css)},
                                      {"script", std::string(embedded::page_js)},
                                      {"data", embeddable(data)}});
}

} // namespace warrant
