#include "object.hpp"

#include <cstring>
#include <map>
#include <utility>
#include <vector>

namespace falconer::sandbox {
namespace {

void add(std::string_view key, const value& is, std::string& to) {
    to.append(json_text(value(key))).append(":").append(json_text(is)).append(",");
}

/// Where `part` stands in the text; behind it, if it does not, as when JSON writes it otherwise.
std::uint32_t place_of(std::string_view part, std::string& text) {
    auto at = text.find(part);
    if (at == text.npos) {
        at = text.size();
        text.append(part);
    }
    return static_cast<std::uint32_t>(at);
}

/// `{"apiVersion":"v1","kind":"Secret",` and others, as many as there have been types.
class known_heads {
public:
    std::uint32_t number_of(const std::string& head) {
        const auto [at, is_new] = numbers_.emplace(head, static_cast<std::uint32_t>(all_.size()));
        if (is_new) all_.push_back(&at->first);
        return at->second;
    }
    const std::string& at(std::uint32_t number) const { return *all_[number]; }

private:
    std::map<std::string, std::uint32_t> numbers_{};
    std::vector<const std::string*>      all_{};
};

/// Of all stores: they live on one loop.
known_heads& heads() {
    static known_heads all;
    return all;
}

}  // namespace

api_object::api_object(value is) {
    std::string head = "{", text;
    for (const auto* key : {"apiVersion", "kind"})
        if (const auto* const part = is.find(key)) add(key, *part, head);
    for (const auto& each : is.entries())
        if (each.key != "apiVersion" && each.key != "kind") add(each.key, each.is, text);
    if (!text.empty()) text.pop_back();
    if (text.empty() && head.back() == ',') head.pop_back();
    text  += '}';
    head_  = heads().number_of(head);
    size_  = static_cast<std::uint32_t>(text.size());

    const auto called = is.text_at({"metadata", "name"});
    const auto within = is.text_at({"metadata", "namespace"});
    name_at_          = place_of(called, text);
    namespace_at_     = place_of(within, text);
    name_size_        = static_cast<std::uint16_t>(called.size());
    namespace_size_   = static_cast<std::uint16_t>(within.size());

    text_ = std::make_unique_for_overwrite<char[]>(text.size());
    std::memcpy(text_.get(), text.data(), text.size());
    tree_ = std::make_unique<const std::shared_ptr<const value>>(
        std::make_shared<const value>(std::move(is))
    );
}

std::string api_object::json() const {
    std::string text;
    text.reserve(size());
    append_json_to(text);
    return text;
}

void api_object::append_json_to(std::string& text) const {
    text.append(heads().at(head_)).append(json_in_list());
}

std::size_t api_object::size() const noexcept {
    return heads().at(head_).size() + size_;
}

std::shared_ptr<const value> api_object::tree() const {
    if (tree_) return *tree_;
    auto read = parse_json(json());
    return std::make_shared<const value>(read ? std::move(*read) : value::map());
}

}  // namespace falconer::sandbox
