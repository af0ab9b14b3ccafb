// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/artifacts_document.h"

#include <limits>
#include <nlohmann/json.hpp>

namespace warrant::test {
namespace {

/// Above the limit of every list of texts, and of every list of objects.
constexpr size_t kManyTexts = 20001;
constexpr size_t kManyObjects = 257;
constexpr size_t kHugeText = 100000;
/// No member's name; sorted last.
constexpr const char *kStranger = "zz";

std::string dump(Json document, bool repair) {
  if (repair && document.contains("predicate"))
    document["subject"][0]["digest"]["sha256"] = to_hex(sha256(view(document["predicate"].dump())));
  return document.dump();
}

/// Walks through a document and breaks it at every place that it comes to.
class Breaker {
 public:
  Breaker(const Json &document, const FieldRules &rules) : document_(document), rules_(rules) {}

  std::vector<BrokenDocument> run() {
    visit_members(Json::json_pointer(), "");
    return std::move(broken_);
  }

 private:
  using Pointer = Json::json_pointer;

  static bool in_subject(const Pointer &at) { return at.to_string().starts_with("/subject"); }

  void add(std::string what, const Pointer &at, Json document, std::string field,
           std::string detail = {}, bool below = false) {
    // What the subject holds is compared as a whole.
    if (field.starts_with("subject"))
      field = "subject", detail = "";
    broken_.push_back({what + " " + at.to_string(), dump(std::move(document), !in_subject(at)),
                       std::move(field), below, std::move(detail)});
  }

  Json with(const Pointer &at, Json value) const {
    Json changed = document_;
    changed[at] = std::move(value);
    return changed;
  }

  void visit(const Pointer &at, const std::string &path) {
    const Json &value = document_[at];
    add_other_types(at, path, value);
    if (value.is_string()) {
      add("empty", at, with(at, ""), path);
      add("huge", at, with(at, std::string(kHugeText, 'a')), path);
    } else if (value.is_number()) {
      add("huge", at, with(at, std::numeric_limits<int64_t>::max()), path, "expected");
      add("negative", at, with(at, -1), path, "expected");
    } else if (value.is_array()) {
      add("empty", at, with(at, Json::array()), rules_.may_be_empty.contains(path) ? "" : path);
      visit_list(at, path, value);
    } else if (value.is_object()) {
      add("empty", at, with(at, Json::object()), path, "", true);
      visit_members(at, path);
    }
  }

  void add_other_types(const Pointer &at, const std::string &path, const Json &value) {
    const Json others[] = {nullptr, true, 7, "x", Json::array(), Json::object()};
    for (const Json &other : others)
      if (other.type() != value.type() && !(other.is_number() && value.is_number()))
        add(std::string("now ") + other.type_name(), at, with(at, other), path);
  }

  void visit_list(const Pointer &at, const std::string &path, const Json &list) {
    Json doubled = list;
    doubled.push_back(list[0]);
    const auto rule = rules_.doubled.find(path);
    const std::string last = path + "[" + std::to_string(list.size()) + "]";
    add("first element twice", at, with(at, doubled),
        rule == rules_.doubled.end() ? last : rule->second,
        rule == rules_.doubled.end() ? "twice" : "");
    Json many = Json::array();
    while (many.size() < (list[0].is_object() ? kManyObjects : kManyTexts))
      many.push_back(list[0]);
    add("too many elements", at, with(at, std::move(many)), path, "elements expected");
    for (size_t i = 0; i < list.size(); i++)
      visit(at / i, path + "[" + std::to_string(i) + "]");
  }

  void visit_members(const Pointer &at, const std::string &path) {
    const std::string prefix = path.empty() ? "" : path + ".";
    add("unknown sibling below", at, with(at / kStranger, 1), prefix + kStranger, "unknown member");
    for (const auto &member : document_[at].items()) {
      const Pointer inner = at / member.key();
      const std::string inner_path = prefix + member.key();
      add_missing(at, member.key(), inner_path);
      add_twice(at, member.key(), inner_path);
      visit(inner, inner_path);
    }
  }

  void add_missing(const Pointer &at, const std::string &name, const std::string &path) {
    Json changed = document_;
    changed[at].erase(name);
    const auto blamed = rules_.blamed.find(path);
    if (rules_.optional.contains(path))
      add("missing", at / name, std::move(changed), "");
    else if (blamed != rules_.blamed.end())
      add("missing", at / name, std::move(changed), blamed->second);
    else
      add("missing", at / name, std::move(changed), path, "missing");
  }

  void add_twice(const Pointer &at, const std::string &name, const std::string &path) {
    std::string text = with(at / kStranger, document_[at / name]).dump();
    const std::string stranger = std::string("\"") + kStranger + "\":";
    text.replace(text.find(stranger), stranger.size(), Json(name).dump() + ":");
    broken_.push_back({"twice " + path, text, path, false, "duplicate member"});
  }

  const Json &document_;
  const FieldRules &rules_;
  std::vector<BrokenDocument> broken_;
};

} // namespace

std::string repaired(const std::string &payload, const std::string &patch) {
  return dump(Json::parse(payload).patch(Json::parse(patch)),
              patch.find("\"path\":\"/subject") == std::string::npos);
}

std::vector<BrokenDocument> broken_documents(const std::string &payload, const FieldRules &rules) {
  const Json document = Json::parse(payload);
  return Breaker(document, rules).run();
}

} // namespace warrant::test
