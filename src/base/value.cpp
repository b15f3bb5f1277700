#include "falconer/value.hpp"

#include "falconer/spelling.hpp"

#include <algorithm>
#include <charconv>

namespace falconer {

// Here, where an entry is complete.
value::value() noexcept                   = default;
value::value(const value&)                = default;
value::value(value&&) noexcept            = default;
value& value::operator=(const value&)     = default;
value& value::operator=(value&&) noexcept = default;
value::~value()                           = default;

value::value(bool is) : state_(is) {}
value::value(std::int64_t is) : state_(numeral{std::to_string(is)}) {}
value::value(int is) : value(std::int64_t{is}) {}
value::value(std::string is) : state_(std::move(is)) {}
value::value(std::string_view is) : state_(std::string(is)) {}
value::value(const char* is) : state_(std::string(is)) {}
value::value(list_type is) : state_(std::move(is)) {}
value::value(map_type is) : state_(std::move(is)) {}
value::value(std::initializer_list<entry> is) : state_(map_type(is)) {}

value value::list() {
    return value(list_type{});
}
value value::map() {
    return value(map_type{});
}

value value::number(std::string text) {
    value made;
    made.state_ = numeral{std::move(text)};
    return made;
}

std::optional<bool> value::boolean() const noexcept {
    const auto* is = std::get_if<bool>(&state_);
    return is == nullptr ? std::nullopt : std::optional(*is);
}

const std::string* value::numeral_text() const noexcept {
    const auto* is = std::get_if<numeral>(&state_);
    return is == nullptr ? nullptr : &is->text;
}

std::optional<std::int64_t> value::integer() const noexcept {
    const auto* text = numeral_text();
    if (text == nullptr) return std::nullopt;
    std::int64_t is          = 0;
    const auto   end         = text->data() + text->size();
    const auto [rest, wrong] = std::from_chars(text->data(), end, is);
    if (wrong != std::errc{} || rest != end) return std::nullopt;
    return is;
}

const value::list_type& value::items() const noexcept {
    static const list_type none;
    const auto*            is = std::get_if<list_type>(&state_);
    return is == nullptr ? none : *is;
}

const value::map_type& value::entries() const noexcept {
    static const map_type none;
    const auto*           is = std::get_if<map_type>(&state_);
    return is == nullptr ? none : *is;
}

const value* value::find(std::string_view key) const noexcept {
    const auto& all   = entries();
    const auto  found = std::ranges::find(all, key, &entry::key);
    return found == all.end() ? nullptr : &found->is;
}

value* value::find(std::string_view key) noexcept {
    return const_cast<value*>(std::as_const(*this).find(key));
}

const value* value::find_path(std::initializer_list<std::string_view> path) const noexcept {
    const value* at = this;
    for (const auto key : path) {
        if (at == nullptr) return nullptr;
        at = at->find(key);
    }
    return at;
}

std::string_view value::text_at(std::initializer_list<std::string_view> path) const noexcept {
    const auto* found = find_path(path);
    const auto* said  = found == nullptr ? nullptr : found->text();
    return said == nullptr ? std::string_view{} : *said;
}

value& value::operator[](std::string_view key) {
    if (is_null()) state_ = map_type{};
    if (auto* found = find(key)) return *found;
    auto& all = std::get<map_type>(state_);
    all.push_back({std::string(key), {}, 0});
    return all.back().is;
}

void value::add(std::string key, value is, int line) {
    std::get<map_type>(state_).push_back({std::move(key), std::move(is), line});
}

value& value::item(std::size_t at) {
    return std::get<list_type>(state_).at(at);
}

value& value::push_back(value item) {
    if (is_null()) state_ = list_type{};
    auto& all = std::get<list_type>(state_);
    all.push_back(std::move(item));
    return all.back();
}

bool value::erase(std::string_view key) {
    auto* all = std::get_if<map_type>(&state_);
    return all != nullptr && std::erase_if(*all, [&](const entry& e) { return e.key == key; }) > 0;
}

bool operator==(const value& a, const value& b) noexcept {
    if (!a.is_map() || !b.is_map()) return a.state_ == b.state_;
    const auto &x = a.entries(), &y = b.entries();
    if (x.size() != y.size()) return false;
    const bool same_order =
        std::ranges::equal(x, y, {}, &value::entry::key, &value::entry::key);  // mostly
    if (same_order) return std::ranges::equal(x, y, {}, &value::entry::is, &value::entry::is);
    std::vector<const value::entry*> left, right;
    for (const auto& each : x) left.push_back(&each);
    for (const auto& each : y) right.push_back(&each);
    const auto by_key = [](const auto* one, const auto* other) { return one->key < other->key; };
    std::ranges::stable_sort(left, by_key);
    std::ranges::stable_sort(right, by_key);
    return std::ranges::equal(left, right, [](const auto* one, const auto* other) {
        return one->key == other->key && one->is == other->is;
    });
}

namespace {

/// At most 60 bytes, and no half character at their end.
std::string cut(const std::string& text) {
    constexpr std::size_t most = 60;
    if (text.size() <= most) return text;
    auto at = most;
    while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U) --at;
    return text.substr(0, at) + "…";
}

}  // namespace

std::string described(const value& is) {
    switch (is.what()) {
        case value::kind::null: return "nothing";
        case value::kind::boolean: return *is.boolean() ? "true" : "false";
        case value::kind::number: return cut(*is.numeral_text());
        case value::kind::text: return '\'' + in_one_line(cut(*is.text())) + '\'';
        case value::kind::list: return "a list";
        case value::kind::map: return "a mapping";
    }
    return {};
}

}  // namespace falconer
