#include "event_draft.hpp"

#include "decimal.hpp"
#include "falconer/utf8.hpp"

#include <utility>

namespace falconer::ingest {
namespace {

using token = json_scanner::token;

bool begins(token t) noexcept {
    return t == token::begin_object || t == token::begin_array;
}
bool ends(token t) noexcept {
    return t == token::end_object || t == token::end_array;
}

/// The first token of an element or member at `level`; the container itself is level - 1.
bool is_value_at(std::size_t level, token t, const json_scanner& in) noexcept {
    if (t == token::key || ends(t)) return false;
    return begins(t) ? in.depth() == level : in.depth() + 1 == level;
}

constexpr std::size_t event_level = 1;

}  // namespace

void event_draft::hear(token t, const json_scanner& in) {
    if (in.depth() == event_level && t == token::key)
        key_of_event(in);
    else if (is_value_at(event_level + 1, t, in))
        value_begins(t, in);
    else if (in.depth() > event_level)
        inside_value(t, in);
    look_anywhere(t, in);

    const bool whole = in.depth() == event_level && t != token::key;
    if (whole) value_ends(in);
}

void event_draft::look_anywhere(token t, const json_scanner& in) {
    switch (t) {
        case token::key:
        case token::string:
            if (in.has_nul() || in.has_lone_surrogate()) odd_ = true;
            break;
        case token::number:
            if ((in.has_exponent() || in.raw().size() > max_digits) && !is_exact(in.raw()))
                find("number", "more than 38 digits in " + excerpt(in.raw(), 40));
            break;
        case token::begin_object:
        case token::begin_array:
            if (in.depth() > max_depth) find("depth", "more than 32 levels of brackets");
            break;
        default: break;
    }
}

void event_draft::key_of_event(const json_scanner& in) {
    key_       = in.raw();
    field_     = {};
    current_   = known_key(name(in));
    key_begin_ = in.position();
}

event_draft::part event_draft::part_of(token t, const json_scanner& in) {
    part out{.kind = t, .raw = in.raw()};
    if (t == token::string && in.has_escape()) {
        out.escaped   = true;
        out.nul       = in.has_nul();
        out.surrogate = in.has_lone_surrogate();
    }
    return out;
}

void event_draft::value_begins(token t, const json_scanner& in) {
    value_begin_ = in.position();
    if (current_ == known::other) return;
    at(current_) = part_of(t, in);
    if (current_ == known::output_fields) {
        fields_          = 0;
        cluster_id_      = {};
        cluster_id_next_ = false;
    } else if (current_ == known::tags) {
        tags_      = 0;
        test_tag_  = false;
        wrong_tag_ = {};
    }
}

void event_draft::value_ends(const json_scanner& in) {
    const auto behind = in.position_behind();
    field_            = {};
    if (current_ == known::other) {
        extra_ += extra_.empty() ? '{' : ',';
        extra_ += body_.substr(key_begin_, behind - key_begin_);
    } else if (begins(at(current_).kind)) {
        at(current_).raw = body_.substr(value_begin_, behind - value_begin_);
    }
}

void event_draft::inside_value(token t, const json_scanner& in) {
    if (current_ == known::output_fields && at(current_).is(token::begin_object))
        inside_output_fields(t, in);
    else if (current_ == known::tags && at(current_).is(token::begin_array))
        inside_tags(t, in);
}

void event_draft::inside_output_fields(token t, const json_scanner& in) {
    if (t == token::key && in.depth() == event_level + 1) {
        ++fields_;
        field_           = in.raw();
        cluster_id_next_ = name(in) == "cluster_id";
    } else if (cluster_id_next_ && is_value_at(event_level + 2, t, in)) {
        cluster_id_next_ = false;
        cluster_id_      = part_of(t, in);
    }
}

void event_draft::inside_tags(token t, const json_scanner& in) {
    if (!is_value_at(event_level + 2, t, in)) return;
    ++tags_;
    if (t != token::string) {
        if (!wrong_tag_.present()) wrong_tag_ = {.kind = t, .raw = in.raw()};
        return;
    }
    const auto tag = name(in);
    if (tag == "test" || tag == "falco-heartbeat") test_tag_ = true;
}

std::string_view event_draft::name(const json_scanner& in) {
    if (!in.has_escape()) return in.raw();
    unescape(in.raw(), scratch_);
    return scratch_;
}

event_draft::known event_draft::known_key(std::string_view name) noexcept {
    switch (name.size()) {
        case 4:
            if (name == "rule") return known::rule;
            if (name == "time") return known::time;
            if (name == "uuid") return known::uuid;
            if (name == "tags") return known::tags;
            break;
        case 6:
            if (name == "output") return known::output;
            if (name == "source") return known::source;
            break;
        case 8:
            if (name == "priority") return known::priority;
            if (name == "hostname") return known::hostname;
            break;
        case 13:
            if (name == "output_fields") return known::output_fields;
            break;
        default: break;
    }
    return known::other;
}

std::string event_draft::place() const {
    std::string out = excerpt(key_, 40);
    if (!field_.empty()) out += '.' + excerpt(field_, 40);
    return out;
}

void event_draft::find(std::string_view about, std::string_view what) {
    if (found_) return;
    auto reason = std::string(about).append(": ").append(what);
    if (const auto where = place(); !where.empty()) reason += " in " + where;
    found_ = problem{std::string(about), std::move(reason)};
}

}  // namespace falconer::ingest
