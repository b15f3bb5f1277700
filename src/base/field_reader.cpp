#include "falconer/field_reader.hpp"

#include "falconer/spelling.hpp"

#include <algorithm>

namespace falconer {

field_reader::field_reader(const value& of, std::string path, field_problems& problems)
    : object_(of), path_(std::move(path)), problems_(problems) {
    if (!of.is_map() && !of.is_null())
        problems_.push_back({path_, "expected a mapping, found " + described(of), of.line()});
}

field_reader::~field_reader() {
    const auto& entries = object_.entries();
    for (std::size_t i = 0; i < entries.size(); ++i) {
        const auto& entry = entries[i];
        const auto  first = std::ranges::find(entries, entry.key, &value::entry::key);
        if (first - entries.begin() != static_cast<std::ptrdiff_t>(i))
            report(entry, "the same key again");
        else if (std::ranges::find(known_, entry.key) == known_.end())
            report(entry, "unknown field" + did_you_mean(entry.key, known_));
    }
}

void field_reader::report(const value::entry& entry, std::string what) {
    problems_.push_back({path_of(entry.key), std::move(what), entry.line});
}

std::string field_reader::path_of(std::string_view key) const {
    auto path = path_;
    if (!path.empty()) path += '.';
    return path.append(in_one_line(key));
}

const value* field_reader::find(std::string_view key) {
    if (std::ranges::find(known_, key) == known_.end()) known_.push_back(key);
    const auto* found = object_.find(key);
    return found == nullptr || found->is_null() ? nullptr : found;
}

void field_reader::complain(std::string_view key, std::string what) {
    const auto* is = object_.find(key);
    problems_.push_back({path_of(key), std::move(what), is == nullptr ? object_.line() : is->line()}
    );
}

void field_reader::expected(std::string_view key, std::string_view wanted) {
    const auto* is   = object_.find(key);
    const bool  none = is == nullptr || is->is_null();
    complain(key, "expected " + std::string(wanted) + (none ? "" : ", found " + described(*is)));
}

void field_reader::must_be(std::string_view key, std::string_view wanted) {
    std::string is;
    const auto  before = problems_.size();
    read(key, is);
    if (problems_.size() == before && is != wanted && object_.is_map()) expected(key, wanted);
}

void field_reader::read(std::string_view key, std::string& into) {
    const auto* is = find(key);
    if (is == nullptr) return;
    if (!is->is_text()) return expected(key, "a text");
    into = *is->text();
}

void field_reader::read(std::string_view key, bool& into) {
    const auto* is = find(key);
    if (is == nullptr) return;
    if (!is->boolean()) return expected(key, "true or false");
    into = *is->boolean();
}

void field_reader::read(std::string_view key, std::int64_t& into) {
    const auto* is = find(key);
    if (is == nullptr) return;
    if (!is->integer()) return expected(key, "a whole number");
    into = *is->integer();
}

void field_reader::read(std::string_view key, text_map& into) {
    const auto* is = find(key);
    if (is == nullptr) return;
    if (!is->is_map()) return expected(key, "a mapping of texts");
    text_map all;
    bool     good = true;
    for (const auto& entry : is->entries()) {
        const auto path = path_of(key) + '[' + in_one_line(entry.key) + ']';
        const bool again =
            std::ranges::find(all, entry.key, &text_map::value_type::first) != all.end();
        if (again || !entry.is.is_text()) {
            good = false;
            problems_.push_back(
                {path,
                 again ? "the same key again" : "expected a text, found " + described(entry.is),
                 entry.line}
            );
        } else {
            all.emplace_back(entry.key, *entry.is.text());
        }
    }
    if (good) into = std::move(all);
}

void field_reader::read(std::string_view key, std::vector<std::string>& into) {
    std::vector<std::string> all;
    const auto               before = problems_.size();
    each(key, [&](const value& item, const std::string& path) {
        if (item.is_text())
            all.push_back(*item.text());
        else
            problems_.push_back({path, "expected a text, found " + described(item), item.line()});
    });
    if (find(key) != nullptr && problems_.size() == before) into = std::move(all);
}

bool field_reader::read_needed(std::string_view key, std::string& into) {
    std::string said;
    const auto  before = problems_.size();
    read(key, said);
    if (problems_.size() != before) return false;
    if (said.empty()) {
        if (object_.is_map() || object_.is_null()) complain(key, "is needed");
        return false;
    }
    into = std::move(said);
    return true;
}

const value::list_type* field_reader::list_at(std::string_view key) {
    const auto* is = find(key);
    if (is == nullptr) return nullptr;
    if (is->is_list()) return &is->items();
    expected(key, "a list");
    return nullptr;
}

}  // namespace falconer
