#include "archive.hpp"

#include <charconv>
#include <memory>
#include <utility>

namespace falconer::sandbox {
namespace {

constexpr std::string_view head  = R"({"archive":"falconer sandbox","format":1})";
constexpr std::size_t      piece = 256 * 1024;
/// Source: apimachinery, util/validation, DNS1123SubdomainMaxLength.
constexpr std::size_t longest_name = 253;

/// Whose the object is that follows behind a tab.
std::string line_of(const std::string& store, const api_store::contents::entry& entry) {
    value whose{{"store", store}, {"group", entry.type.group}, {"plural", entry.type.plural}};
    if (!entry.owners.empty()) whose["owners"] = entry.owners.as_value();
    return json_text(whose).append(1, '\t').append(entry.is->json()).append(1, '\n');
}

std::string line_of(const std::string& store, const api_store::contents& all) {
    const value is{
        {"store", store},
        {"version", std::to_string(all.version)},
        {"names", std::to_string(all.names)},
    };
    return json_text(is) + '\n';
}

std::string last_line(std::size_t lines) {
    return json_text({{"lines", std::to_string(lines)}});
}

std::uint64_t number_at(const value& in, std::string_view key) {
    const auto    text = in.text_at({key});
    std::uint64_t made = 0;
    std::from_chars(text.data(), text.data() + text.size(), made);
    return made;
}

class reader {
public:
    result<api_contents> read(std::string_view text) && {
        bool ended = false;
        while (!text.empty()) {
            const auto end = text.find('\n');
            if (end == text.npos) return wrong("is cut off");
            ++line_;
            const auto line = text.substr(0, end);
            text.remove_prefix(end + 1);
            if (ended) return wrong("is behind the last one");
            if (line_ == 1) {
                if (line != head) return wrong("is not the head of such a file");
            } else if (line == last_line(line_ - 2)) {
                ended = true;
            } else if (auto good = take(line); !good) {
                return std::move(good).error();
            }
        }
        if (!ended) return wrong("is the last one, and the end is missing");
        return std::move(all_);
    }

private:
    failure wrong(const std::string& what) const {
        return {errc::malformed, "line " + std::to_string(line_) + ": " + what};
    }

    result<void> take(std::string_view line) {
        const auto tab   = line.find('\t');
        const auto whose = parse_json(line.substr(0, tab));
        if (!whose) return wrong(whose.error().detail);
        auto& store = all_[std::string(whose->text_at({"store"}))];
        if (tab == line.npos) {
            store.version = number_at(*whose, "version");
            store.names   = number_at(*whose, "names");
            return {};
        }
        auto object = parse_json(line.substr(tab + 1));
        if (!object) return wrong(object.error().detail);
        const auto key = key_of(*object);
        if (whose->text_at({"plural"}).empty() || key.name.empty() ||
            key.name.size() > longest_name || key.namespace_name.size() > longest_name)
            return wrong("names no object");
        const auto* const owners = whose->find("owners");
        auto&             entry  = store.objects.emplace_back();
        entry.type.group         = whose->text_at({"group"});
        entry.type.plural        = whose->text_at({"plural"});
        entry.is                 = std::make_shared<const api_object>(std::move(*object));
        entry.is->forget_tree();
        entry.key = key;
        if (owners != nullptr) entry.owners = field_owners::of(*owners);
        return {};
    }

    std::size_t  line_ = 0;
    api_contents all_{};
};

}  // namespace

archive_writer::archive_writer(api_contents what) : what_(std::move(what)) {
    for (const auto& store : what_) {
        order_.push_back({.in = &store});
        for (const auto& each : store.second.objects) order_.push_back({.in = &store, .is = &each});
    }
}

std::string archive_writer::next() {
    std::string text;
    if (!std::exchange(begun_, true)) text.append(head).push_back('\n');
    for (; at_ < order_.size() && text.size() < piece; ++at_) {
        const auto& each  = order_[at_];
        text             += each.is == nullptr ? line_of(each.in->first, each.in->second)
                                               : line_of(each.in->first, *each.is);
    }
    if (at_ == order_.size() && !std::exchange(ended_, true))
        text.append(last_line(order_.size())).push_back('\n');
    return text;
}

result<api_contents> read_archive(std::string_view text) {
    return reader().read(text);
}

}  // namespace falconer::sandbox
