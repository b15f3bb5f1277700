#include "falconer/strict_yaml.hpp"

#include "falconer/duration.hpp"
#include "falconer/spelling.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <sstream>

namespace falconer {
namespace {

template <class Names>
std::string near(std::string_view wrong, const Names& names) {
    const std::vector<std::string_view> all(names.begin(), names.end());
    return did_you_mean(wrong, all);
}

std::string shortened(const std::string& value) {
    return '\'' + in_one_line(value.size() > 60 ? value.substr(0, 60) + "…" : value) + '\'';
}

std::string kind_of(const YAML::Node& node) {
    switch (node.Type()) {
        case YAML::NodeType::Map: return "a mapping";
        case YAML::NodeType::Sequence: return "a list";
        case YAML::NodeType::Scalar: return shortened(node.Scalar());
        default: return "nothing";
    }
}

/// Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
std::optional<std::uint64_t> bytes_in(const std::string& text) {
    static const std::map<std::string_view, std::uint64_t> units{
        {"", 1},
        {"k", 1'000},
        {"M", 1'000'000},
        {"G", 1'000'000'000},
        {"T", 1'000'000'000'000},
        {"Ki", 1ull << 10},
        {"Mi", 1ull << 20},
        {"Gi", 1ull << 30},
        {"Ti", 1ull << 40},
    };
    std::uint64_t value      = 0;
    const auto    end        = text.data() + text.size();
    const auto [rest, wrong] = std::from_chars(text.data(), end, value);
    const auto unit = units.find(std::string_view(rest, static_cast<std::size_t>(end - rest)));
    if (wrong != std::errc{} || unit == units.end()) return std::nullopt;
    if (value > std::numeric_limits<std::uint64_t>::max() / unit->second) return std::nullopt;
    return value * unit->second;
}

/// Where the text uses an alias: one small text standing for a large one, or for a line elsewhere.
/// And where a second document begins. It looks no further: of "," yaml-cpp 0.7 makes documents
/// without end, and YAML::LoadAll collects them.
class alias_finder final : public YAML::EventHandler {
public:
    struct findings {
        std::vector<int>   aliases{};
        std::optional<int> second_document{};
    };
    static findings lines_in(std::string_view text) {
        alias_finder       finder;
        std::istringstream in{std::string(text)};
        YAML::Parser       parser(in);
        while (!finder.found_.second_document && parser.HandleNextDocument(finder)) {
        }
        return std::move(finder.found_);
    }

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (++documents_ == 2) found_.second_document = mark.line + 1;
    }
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
        found_.aliases.push_back(mark.line + 1);
    }
    void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&)
        override {}
    void OnSequenceStart(
        const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value
    ) override {}
    void OnSequenceEnd() override {}
    void OnMapStart(
        const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value
    ) override {}
    void OnMapEnd() override {}

private:
    findings found_{};
    int      documents_ = 0;
};

}  // namespace

struct yaml_document::impl {
    struct place {
        YAML::Node                         node{};
        std::string                        path{};
        int                                line = 1;
        std::set<std::string, std::less<>> known{};
    };
    struct problem {
        int         line = 0;  // 0: of the file
        std::string text{};
    };

    std::string                name{};
    std::vector<place>         places{};
    std::vector<problem>       found{};
    std::set<std::string>      keys{};
    std::map<std::string, int> lines{};

    static int line_of(const YAML::Node& node, int otherwise) {
        return node.Mark().is_null() ? otherwise : node.Mark().line + 1;
    }
    static std::string path_of(const place& in, std::string_view key) {
        return in.path.empty() ? std::string(key) : in.path + '.' + std::string(key);
    }

    void complain(int line, const std::string& path, const std::string& what) {
        found.push_back({line, path.empty() ? what : path + ": " + what});
    }

    /// The value of `key`, if it is there and is a value at all. Notes that the key is known.
    std::optional<YAML::Node> find(std::size_t where, std::string_view key) {
        auto& in = places[where];
        in.known.emplace(key);
        keys.insert(path_of(in, key));
        if (!in.node.IsMap()) return std::nullopt;
        for (const auto& entry : in.node) {
            if (!entry.first.IsScalar() || entry.first.Scalar() != key) continue;
            lines.emplace(path_of(in, key), line_of(entry.first, in.line));
            return entry.second;
        }
        return std::nullopt;
    }

    void wrong_kind(
        std::size_t where, std::string_view key, const YAML::Node& node, const std::string& wanted
    ) {
        const auto& in = places[where];
        complain(
            line_of(node, in.line), path_of(in, key),
            "expected " + wanted + ", found " + kind_of(node)
        );
    }

    /// A scalar, as it is written. `quoted` numbers are texts.
    std::optional<std::string> scalar(
        std::size_t where, std::string_view key, const std::string& wanted, bool may_be_quoted
    ) {
        const auto node = find(where, key);
        if (!node) return std::nullopt;
        if (!node->IsScalar() || (!may_be_quoted && node->Tag() == "!")) {
            wrong_kind(where, key, *node, wanted);
            return std::nullopt;
        }
        return node->Scalar();
    }
};

yaml_document::yaml_document(std::string name, std::string_view text)
    : impl_(std::make_unique<impl>()) {
    impl_->name = std::move(name);
    impl_->places.push_back({});
    try {
        const auto found = alias_finder::lines_in(text);
        for (const int line : found.aliases)
            impl_->complain(line, "", "an alias; write the value out");
        if (found.second_document)
            impl_->complain(*found.second_document, "", "a second document; only one is expected");
        if (!found.aliases.empty()) return;
        const auto document = YAML::Load(std::string(text));
        if (document.IsNull()) {
            impl_->complain(0, "", "there is nothing in it");
        } else if (!document.IsMap()) {
            impl_->complain(1, "", "expected a mapping, found " + kind_of(document));
        } else {
            impl_->places[0].node = document;
        }
    } catch (const YAML::Exception& wrong) {
        impl_->complain(
            wrong.mark.is_null() ? 0 : wrong.mark.line + 1, "",
            "not YAML: " + in_one_line(wrong.msg)
        );
    }
}

yaml_document::~yaml_document() = default;

yaml_document::reader yaml_document::root() {
    return {*impl_, 0};
}

bool yaml_document::readable() const {
    return impl_->places[0].node.IsMap();
}

std::vector<std::string> yaml_document::problems() const {
    auto found = impl_->found;
    for (const auto& place : impl_->places) {
        if (!place.node.IsMap()) continue;
        std::map<std::string, int> seen;
        for (const auto& entry : place.node) {
            const int line = impl::line_of(entry.first, place.line);
            if (!entry.first.IsScalar()) {
                found.push_back({line, place.path + ": a key that is no text"});
                continue;
            }
            const auto& key  = entry.first.Scalar();
            const auto  path = impl::path_of(place, key);
            if (const auto [first, fresh] = seen.emplace(key, line); !fresh)
                found.push_back(
                    {line,
                     path + ": the same key again, first in line " + std::to_string(first->second)}
                );
            else if (!place.known.contains(key))
                found.push_back({line, path + ": unknown key" + near(key, place.known)});
        }
    }
    std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
        return a.line < b.line;
    });
    std::vector<std::string> lines;
    for (const auto& [line, what] : found)
        lines.push_back(
            impl_->name + (line > 0 ? ':' + std::to_string(line) : std::string{}) + ": " +
            in_one_line(what)
        );
    return lines;
}

const std::set<std::string>& yaml_document::keys() const {
    return impl_->keys;
}

const std::map<std::string, int>& yaml_document::lines() const {
    return impl_->lines;
}

yaml_document::reader yaml_document::reader::section(std::string_view key) {
    const auto  node = whole_->find(place_, key);
    impl::place inner;
    inner.path = impl::path_of(whole_->places[place_], key);
    inner.line = whole_->places[place_].line;
    if (node && node->IsMap()) {
        inner.node = *node;
        inner.line = impl::line_of(*node, inner.line);
    } else if (node && !node->IsNull()) {
        whole_->wrong_kind(place_, key, *node, "a mapping");
    }
    whole_->places.push_back(std::move(inner));
    return {*whole_, whole_->places.size() - 1};
}

bool yaml_document::reader::has(std::string_view key) const {
    const auto& node = whole_->places[place_].node;
    return node.IsMap() && std::any_of(node.begin(), node.end(), [&](const auto& entry) {
               return entry.first.IsScalar() && entry.first.Scalar() == key;
           });
}

bool yaml_document::reader::is_empty(std::string_view key) const {
    const auto& node = whole_->places[place_].node;
    return node.IsMap() && std::any_of(node.begin(), node.end(), [&](const auto& entry) {
               return entry.first.IsScalar() && entry.first.Scalar() == key &&
                      entry.second.IsNull();
           });
}

void yaml_document::reader::read(std::string_view key, std::string& into) {
    if (auto value = whole_->scalar(place_, key, "a text", true)) into = std::move(*value);
}

void yaml_document::reader::read(std::string_view key, bool& into) {
    const auto value = whole_->scalar(place_, key, "true or false", false);
    if (!value) return;
    if (*value == "true" || *value == "false")
        into = *value == "true";
    else
        complain(key, "expected true or false, found " + shortened(*value));
}

void yaml_document::reader::read(std::string_view key, std::vector<std::string>& into) {
    const auto node = whole_->find(place_, key);
    if (!node) return;
    if (!node->IsSequence()) return whole_->wrong_kind(place_, key, *node, "a list of texts");
    std::vector<std::string> list;
    for (const auto& item : *node) {
        if (!item.IsScalar()) return whole_->wrong_kind(place_, key, item, "a text in the list");
        list.push_back(item.Scalar());
    }
    into = std::move(list);
}

void yaml_document::reader::leave(std::string_view key) {
    static_cast<void>(whole_->find(place_, key));
}

void yaml_document::reader::complain(std::string_view key, std::string what) {
    const auto  node = whole_->find(place_, key);
    const auto& in   = whole_->places[place_];
    whole_->complain(node ? impl::line_of(*node, in.line) : in.line, impl::path_of(in, key), what);
}

std::optional<std::uint64_t> yaml_document::reader::number(
    std::string_view key, std::uint64_t least, std::uint64_t most
) {
    const auto text = whole_->scalar(place_, key, "a whole number", false);
    if (!text) return std::nullopt;
    std::uint64_t value      = 0;
    const auto    end        = text->data() + text->size();
    const auto [rest, wrong] = std::from_chars(text->data(), end, value);
    const bool whole         = wrong == std::errc{} && rest == end;
    if (whole && value >= least && value <= most) return value;
    const auto range =
        "a whole number from " + std::to_string(least) + " to " + std::to_string(most);
    complain(key, "expected " + range + ", found " + shortened(*text));
    return std::nullopt;
}

std::optional<std::uint64_t> yaml_document::reader::bytes(
    std::string_view key, std::uint64_t least, std::uint64_t most
) {
    const auto text = whole_->scalar(place_, key, "a size such as 64Mi", true);
    if (!text) return std::nullopt;
    const auto value = bytes_in(*text);
    if (value && *value >= least && *value <= most) return value;
    complain(
        key, value ? shortened(*text) + " is out of range: " + std::to_string(least) + " to " +
                         std::to_string(most) + " bytes"
                   : "expected a size such as 64Mi, found " + shortened(*text)
    );
    return std::nullopt;
}

std::optional<std::chrono::nanoseconds> yaml_document::reader::duration(
    std::string_view key, std::chrono::nanoseconds least, std::chrono::nanoseconds most
) {
    const auto text = whole_->scalar(place_, key, "a duration such as 30s", true);
    if (!text) return std::nullopt;
    const auto value = parse_duration(*text);
    if (value && *value >= least && *value <= most) return value;
    complain(
        key, value ? shortened(*text) + " is out of range: " + duration_text(least) + " to " +
                         duration_text(most)
                   : "expected a duration such as 30s or 1h30m, found " + shortened(*text)
    );
    return std::nullopt;
}

std::optional<std::size_t> yaml_document::reader::choice(
    std::string_view key, const std::vector<std::string_view>& names
) {
    std::string wanted;
    for (const auto name : names) wanted += (wanted.empty() ? "" : ", ") + std::string(name);
    const auto text = whole_->scalar(place_, key, "one of " + wanted, true);
    if (!text) return std::nullopt;
    const auto found = std::find(names.begin(), names.end(), *text);
    if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
    complain(key, "expected one of " + wanted + ", found " + shortened(*text) + near(*text, names));
    return std::nullopt;
}

}  // namespace falconer
