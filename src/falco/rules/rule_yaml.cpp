#include "rule_yaml.hpp"

#include "falconer/spelling.hpp"
#include "falconer/utf8.hpp"
#include "falconer/value.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <utility>

namespace falconer::falco::rules {
namespace {

constexpr std::size_t most_documents = 1'000;
constexpr std::size_t most_aliased   = 100'000;  // nodes that aliases stand for

/// Told by the parser to whoever called it.
struct refusal {
    place       at{};
    std::string why{};
};

place place_of(const YAML::Mark& mark) {
    return {mark.line + 1, mark.column + 1};
}

class builder final : public YAML::EventHandler {
public:
    std::vector<node_ptr> documents{};

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (++started_ > most_documents) throw refusal{place_of(mark), "too many documents"};
        anchored_.clear();
    }
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        put(std::make_shared<node>(node{.at = place_of(mark)}), anchor, mark);
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const auto found = anchored_.find(anchor);
        if (found == anchored_.end())
            throw refusal{place_of(mark), "an alias of what is not there yet"};
        aliased_ += found->second.size;
        if (aliased_ > most_aliased) throw refusal{place_of(mark), "aliases of too much"};
        count(found->second.size);
        place_in_parent(found->second.is, mark);
    }
    void OnScalar(
        const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
        const std::string& text
    ) override {
        node made{.is = node::kind::scalar, .text = text, .at = place_of(mark)};
        if (tag == "?" && (text == "~" || text == "null" || text == "Null" || text == "NULL"))
            made.is = node::kind::nothing;
        put(std::make_shared<node>(std::move(made)), anchor, mark);
    }
    void OnSequenceStart(
        const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor, YAML::EmitterStyle::value
    ) override {
        open(node::kind::list, mark, anchor);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(
        const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor, YAML::EmitterStyle::value
    ) override {
        open(node::kind::map, mark, anchor);
    }
    void OnMapEnd() override { close(); }

private:
    struct level {
        node                      is{};
        YAML::anchor_t            anchor = 0;
        YAML::Mark                mark{};
        std::size_t               size = 1;  // nodes in it
        std::optional<node_entry> key{};
    };
    struct anchored {
        node_ptr    is{};
        std::size_t size = 1;
    };

    void count(std::size_t nodes) {
        for (auto& each : open_) each.size += nodes;
    }
    void open(node::kind is, const YAML::Mark& mark, YAML::anchor_t anchor) {
        if (open_.size() >= deepest_value) throw refusal{place_of(mark), "nested too deeply"};
        open_.push_back({.is = {.is = is, .at = place_of(mark)}, .anchor = anchor, .mark = mark});
    }
    void close() {
        auto done = std::move(open_.back());
        open_.pop_back();
        auto made = std::make_shared<node>(std::move(done.is));
        if (done.anchor != 0) anchored_[done.anchor] = {made, done.size};
        count(1);
        place_in_parent(std::move(made), done.mark);
    }
    void put(std::shared_ptr<node> made, YAML::anchor_t anchor, const YAML::Mark& mark) {
        if (anchor != 0) anchored_[anchor] = {made, 1};
        count(1);
        place_in_parent(std::move(made), mark);
    }
    void place_in_parent(node_ptr is, const YAML::Mark& mark) {
        if (open_.empty()) {
            if (!is->is_nothing()) documents.push_back(std::move(is));
            return;
        }
        auto& in = open_.back();
        if (in.is.is_list()) {
            in.is.items.push_back(std::move(is));
        } else if (in.key) {
            in.key->is = std::move(is);
            in.is.entries.push_back(*std::move(in.key));
            in.key.reset();
        } else {
            if (is->is_list() || is->is_map())
                throw refusal{place_of(mark), "a key that is no text"};
            in.key = node_entry{is->text, place_of(mark), nullptr};
        }
    }

    std::vector<level>                 open_{};
    std::map<YAML::anchor_t, anchored> anchored_{};
    std::size_t                        started_ = 0, aliased_ = 0;
};

/// As deep as the builder lets them be.
std::size_t bytes_of(const node& is) {
    constexpr std::size_t owner = 32;  // of a shared_ptr, with what the allocator adds
    std::size_t           bytes = owner + sizeof(node) + is.text.capacity();
    for (const auto& each : is.items) bytes += sizeof(each) + bytes_of(*each);
    for (const auto& each : is.entries)
        bytes += sizeof(each) + each.key.capacity() + bytes_of(*each.is);
    return bytes;
}

/// Of YAML 1.2 all but these may stand in a file. The parser takes 0x04 for the end, and says
/// nothing of what is behind it; a NUL ends a condition for Falco.
bool is_no_text(char c) noexcept {
    return static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r';
}

place place_of(std::string_view text, std::size_t offset) {
    const auto before = text.substr(0, offset);
    const auto begin  = before.rfind('\n') + 1;  // npos + 1 is 0
    return {
        static_cast<int>(std::ranges::count(before, '\n')) + 1, static_cast<int>(offset - begin) + 1
    };
}

bool is_blank(char c) noexcept {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

}  // namespace

const node_entry* node::find(std::string_view key) const noexcept {
    const auto found = std::ranges::find(entries, key, &node_entry::key);
    return found == entries.end() ? nullptr : &*found;
}

std::string kind_of(const node& is) {
    switch (is.is) {
        case node::kind::nothing: return "nothing";
        case node::kind::list: return "a list";
        case node::kind::map: return "a mapping";
        case node::kind::scalar: break;
    }
    return described(value(is.text));
}

yaml_file read_rule_yaml(std::string_view text) {
    yaml_file read;
    builder   made;
    if (const int line = line_not_utf8(text)) {
        read.wrong    = "not UTF-8";
        read.wrong_at = {line, 1};
        return read;
    }
    if (const auto* bad = std::ranges::find_if(text, is_no_text); bad != text.end()) {
        read.wrong    = "not YAML: the control character " + in_one_line({bad, 1});
        read.wrong_at = place_of(text, static_cast<std::size_t>(bad - text.begin()));
        return read;
    }
    try {
        std::istringstream in{std::string(text)};
        YAML::Parser       parser(in);
        while (parser.HandleNextDocument(made)) {
        }
        read.documents = std::move(made.documents);
    } catch (const refusal& no) {
        read.wrong    = no.why;
        read.wrong_at = no.at;
    } catch (const YAML::Exception& wrong) {
        read.wrong = "not YAML: " + in_one_line(wrong.msg);
        if (!wrong.mark.is_null()) read.wrong_at = place_of(wrong.mark);
    }
    return read;
}

std::size_t bytes_of(const yaml_file& file) {
    std::size_t bytes = file.wrong ? file.wrong->capacity() : 0;
    for (const auto& each : file.documents) bytes += sizeof(each) + bytes_of(*each);
    return bytes;
}

source_text::source_text(std::string name, std::string text)
    : name_(std::move(name)), text_(std::move(text)) {
    lines_.push_back(0);
    for (std::size_t i = 0; i < text_.size(); ++i)
        if (text_[i] == '\n') lines_.push_back(i + 1);
}

std::size_t source_text::offset_of(place at) const noexcept {
    const auto line = static_cast<std::size_t>(std::max(at.line, 1)) - 1;
    if (line >= lines_.size()) return text_.size();
    return std::min(
        lines_[line] + static_cast<std::size_t>(std::max(at.column, 1)) - 1, text_.size()
    );
}

place source_text::place_of(std::size_t offset) const noexcept {
    const auto next  = std::ranges::upper_bound(lines_, offset);
    const auto line  = next - lines_.begin();
    const auto begin = lines_[static_cast<std::size_t>(line) - 1];
    return {static_cast<int>(line), static_cast<int>(offset - begin) + 1};
}

/// Blanks may differ between what stands in the file and what it means; everything else comes in
/// the same order.
place source_text::find(const node& scalar, std::size_t offset) const {
    auto       at    = offset_of(scalar.at);
    const char first = at < text_.size() ? text_[at] : '\0';
    if (first == '|' || first == '>') at = std::min(text_.find('\n', at), text_.size());
    if (first == '"' || first == '\'') ++at;
    const auto wanted = std::min(offset, scalar.text.size());
    auto       last   = at;
    for (std::size_t i = 0; i <= wanted && i < scalar.text.size(); ++i) {
        const char c = scalar.text[i];
        if (is_blank(c)) continue;
        while (at < text_.size() && text_[at] != c) ++at;
        if (at == text_.size()) return scalar.at;  // an escape that looks like nothing it means
        last = at++;
        if (i == wanted) return place_of(last);
    }
    return place_of(wanted == 0 ? at : last + 1);
}

}  // namespace falconer::falco::rules
