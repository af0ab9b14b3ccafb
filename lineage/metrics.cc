// SPDX-License-Identifier: Apache-2.0
#include "lineage/metrics.h"

#include <cinttypes>
#include <cstdio>

#include "lineage/words.h"

namespace warrant {
namespace {

// Backslash, quote and newline are escaped in the value of a label.
std::string label(std::string_view name, std::string_view value) {
  std::string text = std::string(name) + "=\"";
  for (const char c : value) {
    if (c == '\\' || c == '"')
      text += '\\';
    if (c == '\n')
      text += "\\n";
    else
      text += c;
  }
  return text + '"';
}

void family(std::string &out, const char *name, const char *type, const char *help) {
  out += std::string("# TYPE ") + name + " " + type + "\n";
  out += std::string("# HELP ") + name + " " + help + "\n";
}

void sample(std::string &out, const std::string &name, const std::string &labels, uint64_t value) {
  out += name + (labels.empty() ? "" : "{" + labels + "}") + " " + std::to_string(value) + "\n";
}

std::string seconds(int64_t ns) {
  char text[32];
  std::snprintf(text, sizeof text, "%" PRId64 ".%09" PRId64, ns / 1'000'000'000,
                ns % 1'000'000'000);
  return text;
}

} // namespace

void Metrics::add(const Record &record) {
  types_[std::string(type_name(record.body))]++;
  last_ns_ = record.time.wall_ns;
  if (const auto *decision = std::get_if<Decision>(&record.body)) {
    const bool is_observed =
        decision->decision.verdict != W_ALLOW && decision->decision.enforced == 0;
    decided_[{is_observed ? "observed" : kVerdictWords.text(decision->decision.verdict),
              kReasonWords.text(decision->decision.reason),
              kRequestWords.text(decision->facts.request)}]++;
  } else if (const auto *gap = std::get_if<Gap>(&record.body)) {
    gaps_++;
    lost_ += gap->lost;
  } else if (const auto *lease = std::get_if<Lease>(&record.body)) {
    leases_[lease->name] = {lease->is_open, record.origin.boot, lease->until};
  }
}

std::string Metrics::text(const std::string &boot, uint64_t now_boot_ns) const {
  std::string out;
  family(out, "warrant_decisions", "counter",
         "Verdicts of the kernel; observed: denied by a policy that only observes.");
  for (const auto &[decided, count] : decided_)
    sample(out, "warrant_decisions_total",
           label("verdict", decided.verdict) + "," + label("reason", decided.reason) + "," +
               label("request", decided.request),
           count);
  family(out, "warrant_records", "counter", "Records by type.");
  for (const auto &[type, count] : types_)
    sample(out, "warrant_records_total", label("type", type), count);
  family(out, "warrant_records_lost", "counter",
         "Events known to be lost, where it is known how many.");
  sample(out, "warrant_records_lost_total", "", lost_);
  family(out, "warrant_gaps", "counter", "Places where events or records are lost.");
  sample(out, "warrant_gaps_total", "", gaps_);
  family(out, "warrant_records_unreadable", "counter",
         "Records that are there but cannot be read.");
  sample(out, "warrant_records_unreadable_total", "", unreadable_);
  family(out, "warrant_lease_open", "gauge", "Whether what the machine must prove is proven now.");
  for (const auto &[name, lease] : leases_)
    sample(out, "warrant_lease_open", label("name", name.escaped()),
           lease.is_open && lease.boot == boot && now_boot_ns < lease.until ? 1 : 0);
  out +=
      "# TYPE warrant_log_bytes gauge\n# UNIT warrant_log_bytes bytes\n"
      "# HELP warrant_log_bytes Size of the log on disk.\n";
  sample(out, "warrant_log_bytes", "", bytes_);
  out +=
      "# TYPE warrant_last_record_timestamp_seconds gauge\n"
      "# UNIT warrant_last_record_timestamp_seconds seconds\n"
      "# HELP warrant_last_record_timestamp_seconds When the last record was made.\n";
  out += "warrant_last_record_timestamp_seconds " + seconds(last_ns_) + "\n";
  return out + "# EOF\n";
}

} // namespace warrant
