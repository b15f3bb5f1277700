#include "envelopes.hpp"

#include "falconer/messages_wire.hpp"

#include <algorithm>
#include <utility>

namespace falconer::carrier {
namespace {

constexpr std::size_t longest_name = 64;

/// The end of the year 9999, in ms: whoever begins after a reign can count on from there.
constexpr std::int64_t latest_began = 253'402'300'799'999;

/// A mapping of the wire's version; fields that we do not know are a newer release's.
result<value> read_envelope(std::string_view body) {
    auto all = parse_json(body);
    if (!all) return std::move(all).error();
    if (!all->is_map()) return failure{errc::malformed, "not a mapping: " + described(*all)};
    const auto* version = all->find("version");
    if (version == nullptr || version->integer() != wire_version)
        return failure{
            errc::malformed, "version " + std::to_string(wire_version) + " is spoken here, not " +
                                 described(version == nullptr ? value() : *version)
        };
    return all;
}

/// What reads one field after the other and remembers the first that is wrong.
class fields {
public:
    explicit fields(const value& of) : of_(of) {}

    void number(std::string_view name, std::uint64_t& into) {
        std::int64_t is = 0;
        signed_number(name, is);
        into = static_cast<std::uint64_t>(is);
    }
    void signed_number(std::string_view name, std::int64_t& into) {
        const auto* found = of_.find(name);
        if (found == nullptr) return;
        const auto is = found->integer();
        if (is && *is >= 0)
            into = *is;
        else
            complain(name, *found);
    }
    void flag(std::string_view name, bool& into) {
        const auto* found = of_.find(name);
        if (found == nullptr) return;
        const auto is = found->boolean();
        if (is)
            into = *is;
        else
            complain(name, *found);
    }
    /// That must be there: ours are UUIDs.
    void name(std::string_view name, std::string& into) {
        const auto* found = of_.find(name);
        const auto* text  = found == nullptr ? nullptr : found->text();
        if (text != nullptr && !text->empty() && text->size() <= longest_name)
            into = *text;
        else
            complain(name, found == nullptr ? value() : *found);
    }
    void list(std::string_view name, value::list_type& into, std::size_t most) {
        const auto* found = of_.find(name);
        if (found == nullptr) return;
        if (!found->is_list() || found->items().size() > most) return complain(name, *found);
        into = found->items();
    }
    void complain(std::string_view name, const value& is) {
        if (problem_.empty()) problem_ = std::string(name) + " is " + described(is);
    }

    template <class T>
    result<T> done(T all) {
        if (!problem_.empty()) return failure{errc::malformed, std::move(problem_)};
        return all;
    }

private:
    const value& of_;
    std::string  problem_{};
};

void read_sender(fields& in, sender& into) {
    in.name("reign", into.reign);
    in.signed_number("began", into.began);
    in.number("number", into.number);
    if (into.began > latest_began) in.complain("began", into.began);
}

value number(std::uint64_t is) {
    return value::number(std::to_string(is));
}

value envelope() {
    return value{{"version", wire_version}};
}

value envelope_of(const sender& from) {
    auto all = envelope();
    all.add("reign", from.reign);
    all.add("began", from.began);
    all.add("number", number(from.number));
    return all;
}

}  // namespace

result<tell_request> read_tell(std::string_view body) {
    const auto all = read_envelope(body);
    if (!all) return all.error();
    tell_request got;
    fields       in(*all);
    read_sender(in, got.from);
    in.number("after", got.after);
    in.number("upto", got.upto);
    in.list("messages", got.messages, most_messages);
    if (got.upto < got.after) in.complain("upto", number(got.upto));
    return in.done(std::move(got));
}

result<hear_request> read_hear(std::string_view body) {
    const auto all = read_envelope(body);
    if (!all) return all.error();
    hear_request  got;
    fields        in(*all);
    std::uint64_t wait = 0;
    read_sender(in, got.from);
    in.number("waitMs", wait);
    // More than anybody would wait, and nothing that a clock could not hold.
    got.wait            = std::chrono::milliseconds(std::min<std::uint64_t>(wait, 3'600'000));
    const auto* cursors = all->find("cursors");
    if (cursors != nullptr && (!cursors->is_map() || cursors->entries().size() > most_cursors))
        in.complain("cursors", *cursors);
    else if (cursors != nullptr)
        for (const auto& [name, is, line] : cursors->entries()) {
            const auto at = is.integer();
            if (!at || *at < 0 || name.size() > longest_name)
                in.complain("cursors", is);
            else
                got.cursors[name] = static_cast<std::uint64_t>(*at);
        }
    return in.done(std::move(got));
}

result<peer_answer> read_answer(std::string_view body) {
    const auto all = read_envelope(body);
    if (!all) return all.error();
    peer_answer got;
    fields      in(*all);
    in.name("by", got.by);
    in.number("applied", got.applied);
    in.flag("reset", got.reset);
    in.flag("more", got.more);
    in.number("upto", got.upto);
    in.list("messages", got.messages, most_messages);
    value::list_type refused, unknown;
    in.list("refused", refused, most_messages);
    in.list("unknown", unknown, most_messages);
    for (const auto& each : refused)
        got.refused.push_back(
            {std::string(each.text_at({"to"})), std::string(each.text_at({"why"}))}
        );
    for (const auto& each : unknown)
        if (const auto* kind = each.text()) got.unknown.push_back(*kind);
    return in.done(std::move(got));
}

peer_refusal read_refusal(std::string_view body) {
    const auto all = parse_json(body);
    if (!all || !all->is_map()) {
        auto line = std::string(body.substr(0, std::min(body.find('\n'), std::size_t{200})));
        for (auto& c : line)
            if (static_cast<unsigned char>(c) < 0x20) c = ' ';
        return {.why = std::move(line)};
    }
    const auto* newest = all->find("newest");
    return {
        .why    = std::string(all->text_at({"why"}).substr(0, 200)),
        .newest = newest == nullptr
                      ? 0
                      : std::clamp<std::int64_t>(newest->integer().value_or(0), 0, latest_began),
    };
}

std::string text_of(const tell_request& is) {
    auto all = envelope_of(is.from);
    all.add("after", number(is.after));
    all.add("upto", number(is.upto));
    all.add("messages", is.messages);
    return json_text(all);
}

std::string text_of(const hear_request& is) {
    auto all = envelope_of(is.from);
    all.add("waitMs", static_cast<std::int64_t>(is.wait.count()));
    auto cursors = value::map();
    for (const auto& [by, at] : is.cursors) cursors.add(by, number(at));
    all.add("cursors", std::move(cursors));
    return json_text(all);
}

std::string text_of(const peer_answer& is) {
    auto all = envelope();
    all.add("by", is.by);
    all.add("applied", number(is.applied));
    all.add("reset", is.reset);
    all.add("more", is.more);
    all.add("upto", number(is.upto));
    all.add("messages", is.messages);
    value::list_type refused, unknown;
    for (const auto& each : is.refused)
        refused.push_back(value{{"to", each.to}, {"why", each.why}});
    for (const auto& each : is.unknown) unknown.emplace_back(each);
    all.add("refused", std::move(refused));
    all.add("unknown", std::move(unknown));
    return json_text(all);
}

std::string text_of(const peer_refusal& is) {
    auto all = envelope();
    all.add("why", is.why);
    if (is.newest != 0) all.add("newest", is.newest);
    return json_text(all);
}

}  // namespace falconer::carrier
