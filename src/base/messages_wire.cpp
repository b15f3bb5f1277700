#include "falconer/messages_wire.hpp"

#include "falconer/base64.hpp"
#include "falconer/mailbox.hpp"
#include "falconer/rfc3339.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <concepts>
#include <system_error>

namespace falconer {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t longest_identity = 512;  // as of a token's
constexpr std::size_t longest_kind     = 64;

// --- the values within a message ----------------------------------------------------------------

value wire(utc_time at) {
    return text_of(event_time_of(at));
}
value wire(const std::optional<utc_time>& at) {
    return at ? wire(*at) : value();
}
value wire(bool is) {
    return is;
}
value wire(const std::optional<bool>& is) {
    return is ? value(*is) : value();
}
value wire(std::uint64_t is) {
    return value::number(std::to_string(is));
}
value wire(const std::optional<std::uint64_t>& is) {
    return is ? wire(*is) : value();
}
value wire(double is) {
    char       text[32];
    const auto end = std::to_chars(std::begin(text), std::end(text), std::isfinite(is) ? is : 0.0);
    return value::number(std::string(std::begin(text), end.ptr));
}
value wire(const std::optional<secret>& is) {
    return is ? value(encode_base64(is->reveal())) : value();
}

bool read(const value& from, utc_time& into) {
    const auto* text = from.text();
    if (text == nullptr) return false;
    const auto  parsed = parse_rfc3339(*text);
    const auto* time   = std::get_if<event_time>(&parsed);
    if (time == nullptr) return false;
    // Our clock's nanoseconds end in 2262; what is later is as good as never.
    constexpr auto last = std::chrono::floor<std::chrono::seconds>(utc_time::max());
    if (time->seconds >= last.time_since_epoch().count())
        into = last;
    else
        into =
            utc_time{std::chrono::seconds{time->seconds} + std::chrono::nanoseconds{time->nanos}};
    return true;
}
bool read(const value& from, bool& into) {
    const auto is = from.boolean();
    into          = is.value_or(false);
    return is.has_value();
}
template <class Number>
    requires std::same_as<Number, std::uint64_t> || std::same_as<Number, double>
bool read(const value& from, Number& into) {
    const auto* text = from.numeral_text();
    if (text == nullptr) return false;
    const auto* last        = text->data() + text->size();
    const auto [end, wrong] = std::from_chars(text->data(), last, into);
    return wrong == std::errc{} && end == last;
}
bool read(const value& from, secret& into) {
    const auto* text = from.text();
    if (text == nullptr) return false;
    auto bytes = decode_base64(*text);
    if (!bytes || bytes->size() > 1024) return false;
    into = secret(std::move(*bytes));
    return true;
}

// --- the messages: one line for each field ------------------------------------------------------

template <class Message>
struct form;

template <class Message>
struct empty_form {
    static void fields(auto&, auto&) {}
};

// clang-format off
template <> struct form<tokens_revoked> {
    static constexpr std::string_view kind = "tokens_revoked";
    static void fields(auto& is, auto& each) { each("issuedBefore", is.issued_before); }
};
template <> struct form<budget_changed> {
    static constexpr std::string_view kind = "budget_changed";
    static void fields(auto& is, auto& each) { each("eventsPerDay", is.events_per_day); }
};
template <> struct form<quota_settled> {
    static constexpr std::string_view kind = "quota_settled";
    static void fields(auto& is, auto& each) {
        each("ordinaryLeft", is.ordinary_left);
        each("urgentLeft", is.urgent_left);
        each("samples", is.samples);
        each("ordinarySpent", is.ordinary_spent);
        each("urgentSpent", is.urgent_spent);
        each("samplesSpent", is.samples_spent);
    }
};
template <> struct form<token_rotated> {
    static constexpr std::string_view kind = "token_rotated";
    static void fields(auto& is, auto& each) { each("issued", is.issued); }
};
template <> struct form<heartbeat_expected> {
    static constexpr std::string_view kind = "heartbeat_expected";
    static void fields(auto& is, auto& each) {
        each("key", is.key);
        each("asleep", is.asleep);
    }
};
template <> struct form<cluster_known> : empty_form<cluster_known> {
    static constexpr std::string_view kind = "cluster_known";
};
template <> struct form<cluster_gone> : empty_form<cluster_gone> {
    static constexpr std::string_view kind = "cluster_gone";
};
template <> struct form<heartbeat_seen> {
    static constexpr std::string_view kind = "heartbeat_seen";
    static void fields(auto& is, auto& each) { each("at", is.at); }
};
template <> struct form<budget_spent> {
    static constexpr std::string_view kind = "budget_spent";
    static void fields(auto& is, auto& each) { each("at", is.at); }
};
template <> struct form<work_asked> : empty_form<work_asked> {
    static constexpr std::string_view kind = "work_asked";
};
template <> struct form<cluster_changed> : empty_form<cluster_changed> {
    static constexpr std::string_view kind = "cluster_changed";
};
template <> struct form<reference_changed> : empty_form<reference_changed> {
    static constexpr std::string_view kind = "reference_changed";
};
template <> struct form<delivery_changed> : empty_form<delivery_changed> {
    static constexpr std::string_view kind = "delivery_changed";
};
template <> struct form<delivery_lost> : empty_form<delivery_lost> {
    static constexpr std::string_view kind = "delivery_lost";
};
template <> struct form<releases_changed> : empty_form<releases_changed> {
    static constexpr std::string_view kind = "releases_changed";
};
template <> struct form<tokens_refused> {
    static constexpr std::string_view kind = "tokens_refused";
    static void fields(auto& is, auto& each) { each("issuedBefore", is.issued_before); }
};
template <> struct form<quota_changed> {
    static constexpr std::string_view kind = "quota_changed";
    static void fields(auto& is, auto& each) { each("spent", is.spent); }
};
template <> struct form<heartbeat_changed> {
    static constexpr std::string_view kind = "heartbeat_changed";
    static void fields(auto& is, auto& each) { each("silentSince", is.silent_since); }
};
template <> struct form<sight_changed> {
    static constexpr std::string_view kind = "sight_changed";
    static void fields(auto& is, auto& each) {
        each("reason", is.reason);
        each("since", is.since);
    }
};
// clang-format on

// --- both ways ----------------------------------------------------------------------------------

struct writer {
    value& into;
    void   operator()(std::string_view name, const auto& field) {
        into.add(std::string(name), wire(field));
    }
};

/// A field that is optional may be null or missing; every other one must be there.
struct reader {
    const value& from;
    std::string  problem{};

    template <class Field>
    void operator()(std::string_view name, Field& into) {
        const auto* is = from.find(name);
        if (is == nullptr || is->is_null() || !read(*is, into)) complain(name, is);
    }
    template <class Field>
    void operator()(std::string_view name, std::optional<Field>& into) {
        const auto* is = from.find(name);
        if (is == nullptr || is->is_null()) return;
        Field fresh{};
        if (read(*is, fresh))
            into = std::move(fresh);
        else
            complain(name, is);
    }
    void complain(std::string_view name, const value* is) {
        if (!problem.empty()) return;
        problem = std::string(name) + (is == nullptr ? " is missing" : " is " + described(*is));
    }
};

template <class Message>
value encode(const cluster_identity& to, const Message& what) {
    return std::visit(
        [&]<class One>(const One& one) {
            value  all{{"to", to.text}, {"kind", form<One>::kind}};
            writer fill{all};
            form<One>::fields(one, fill);
            return all;
        },
        what
    );
}

template <class One, class Message>
void decode_as(std::string_view kind, const value& wire, wire_reading<Message>& into) {
    if (kind != form<One>::kind) return;
    One    one{};
    reader take{wire};
    form<One>::fields(one, take);
    if (take.problem.empty())
        into.message = std::move(one);
    else
        into.problem = std::string(kind) + ": " + take.problem;
}

template <class... Ones>
void decode_one_of(
    std::string_view kind, const value& wire, wire_reading<std::variant<Ones...>>& into
) {
    (decode_as<Ones>(kind, wire, into), ...);
}

/// It goes into logs, and into a notice of PostgreSQL's.
bool is_identity(std::string_view name) {
    return !name.empty() && name.size() <= longest_identity &&
           std::ranges::none_of(name, [](char c) {
               const auto byte = static_cast<unsigned char>(c);
               return byte < 0x20 || byte == 0x7F;
           });
}

template <class Message>
wire_reading<Message> decode(const value& wire) {
    wire_reading<Message> got;
    if (!wire.is_map()) {
        got.problem = "expected a message, found " + described(wire);
        return got;
    }
    const auto to   = wire.text_at({"to"});
    const auto kind = wire.text_at({"kind"});
    if (!is_identity(to)) {
        got.problem = "it is to nobody who could be a cluster";
        return got;
    }
    got.to.text = to;
    if (!is_identity(kind) || kind.size() > longest_kind) {
        got.problem = "it does not say of which kind it is";
        return got;
    }
    decode_one_of(kind, wire, got);
    if (!got.message && got.problem.empty()) got.unknown = kind;
    return got;
}

template <class Message>
std::string_view name_of(const Message& what) noexcept {
    return std::visit([]<class One>(const One&) { return form<One>::kind; }, what);
}

}  // namespace

value to_wire(const cluster_identity& to, const cluster_message& what) {
    return encode(to, what);
}

value to_wire(const cluster_identity& to, const shoot_message& what) {
    return encode(to, what);
}

std::string_view kind_of(const cluster_message& what) noexcept {
    return name_of(what);
}

std::string_view kind_of(const shoot_message& what) noexcept {
    return name_of(what);
}

bool says_the_same(const cluster_message& a, const cluster_message& b) {
    return a.index() == b.index() && encode({}, a) == encode({}, b);
}

bool says_the_same(const shoot_message& a, const shoot_message& b) {
    if (a.index() != b.index()) return false;
    const auto* one   = std::get_if<heartbeat_changed>(&a);
    const auto* other = std::get_if<heartbeat_changed>(&b);
    if (one == nullptr || !one->silent_since || !other->silent_since)
        return encode({}, a) == encode({}, b);
    return std::chrono::abs(*one->silent_since - *other->silent_since) < 1min;
}

wire_reading<cluster_message> cluster_message_of(const value& wire) {
    return decode<cluster_message>(wire);
}

wire_reading<shoot_message> shoot_message_of(const value& wire) {
    return decode<shoot_message>(wire);
}

}  // namespace falconer
