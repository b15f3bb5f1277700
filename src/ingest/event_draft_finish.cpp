// The event is read: what its parts mean, and whether that is an event.
#include "event_draft.hpp"

#include "falconer/heartbeat.hpp"
#include "falconer/rfc3339.hpp"
#include "falconer/utf8.hpp"

#include <openssl/evp.h>

#include <array>
#include <memory>
#include <stdexcept>
#include <utility>

namespace falconer::ingest {
namespace {

using token = json_scanner::token;

std::string_view name_of_kind(token t) noexcept {
    switch (t) {
        case token::begin_object: return "an object";
        case token::begin_array: return "an array";
        case token::string: return "a string";
        case token::number: return "a number";
        case token::true_:
        case token::false_: return "a boolean";
        default: return "null";
    }
}

std::string quoted(std::string_view text, std::size_t limit = 60) {
    return '"' + excerpt(text, limit) + '"';
}

/// SHA-256 over the cluster's name and the body, without the white space around it.
std::array<std::uint8_t, 32> digest_of(std::string_view cluster, std::string_view body) {
    constexpr std::string_view space = " \t\r\n";
    const auto                 first = body.find_first_not_of(space);
    const auto                 last  = body.find_last_not_of(space);
    if (first != std::string_view::npos) body = body.substr(first, last - first + 1);

    using context               = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;
    static EVP_MD* const sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);

    std::array<std::uint8_t, 32> out{};
    const context                sum(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
    const char                   nothing = 0;  // between the two; an identity has none
    if (sum == nullptr || EVP_DigestInit_ex2(sum.get(), sha256, nullptr) != 1 ||
        EVP_DigestUpdate(sum.get(), cluster.data(), cluster.size()) != 1 ||
        EVP_DigestUpdate(sum.get(), &nothing, 1) != 1 ||
        EVP_DigestUpdate(sum.get(), body.data(), body.size()) != 1 ||
        EVP_DigestFinal_ex(sum.get(), out.data(), nullptr) != 1)
        throw std::runtime_error("OpenSSL has no SHA-256");
    return out;
}

/// Identities of clusters are shorter, and their differences often at the end.
constexpr std::size_t whole_identity = 160;

/// First second of the year 2000.
constexpr std::int64_t year_2000 = 946'684'800;

}  // namespace

std::string event_draft::problem_with_cluster(const cluster_identity* from) {
    if (!cluster_id_.present()) return {};
    if (!cluster_id_.is(token::string))
        return std::string("output_fields.cluster_id is ").append(name_of_kind(cluster_id_.kind)) +
               ", not a string";
    std::string_view said = cluster_id_.raw;
    if (cluster_id_.escaped) {
        unescape(said, scratch_);
        said = scratch_;
    }
    const bool exact = !cluster_id_.nul && !cluster_id_.surrogate;
    if (from == nullptr || (exact && said == from->text)) return {};
    return "output_fields.cluster_id is " + quoted(said, whole_identity) +
           ", the token is that of " + quoted(from->text, whole_identity);
}

event_verdict event_draft::finish(const cluster_identity* from, utc_time now) {
    auto wrong = found_ ? std::move(found_) : first_problem();
    if (wrong)
        return {
            .what   = event_verdict::kind::quarantine,
            .about  = std::move(wrong->about),
            .reason = std::move(wrong->reason)
        };

    event_.received = now;
    put_texts();
    if (!at(known::uuid).present()) {
        event_.id = minted(from);
        event_.set(event_flag::uuid_minted);
    }
    if (event_.time.seconds < year_2000) event_.set(event_flag::past);
    if (event_.time > event_time_of(now + future_tolerance)) event_.set(event_flag::future);
    if (is_test()) event_.set(event_flag::test);
    if (odd_) event_.set(event_flag::replaced_characters);
    return {.what = event_verdict::kind::store, .event = std::move(event_)};
}

event_draft::finding event_draft::first_problem() {
    using check                     = finding (event_draft::*)();
    constexpr check in_this_order[] = {
        &event_draft::wrong_priority,      &event_draft::wrong_rule,     &event_draft::wrong_time,
        &event_draft::wrong_output_fields, &event_draft::wrong_uuid,     &event_draft::wrong_output,
        &event_draft::wrong_source,        &event_draft::wrong_hostname, &event_draft::wrong_tags,
    };
    for (const auto each : in_this_order)
        if (auto wrong = (this->*each)()) return wrong;
    return std::nullopt;
}

std::string_view event_draft::name_of_known(known key) noexcept {
    constexpr std::string_view names[] = {"priority", "rule",   "time",     "output_fields", "uuid",
                                          "output",   "source", "hostname", "tags"};
    return names[static_cast<std::size_t>(key)];
}

event_draft::finding event_draft::not_a_string(known key) {
    const auto& p = at(key);
    if (p.is(token::string)) return std::nullopt;
    const std::string name(name_of_known(key));
    if (!p.present()) return problem{name, name + " is missing"};
    return problem{name, (name + " is ").append(name_of_kind(p.kind)) + ", not a string"};
}

/// Of a key that is more than shown: nobody can tell what was meant.
event_draft::finding event_draft::not_as_it_is(known key) {
    const auto& p = at(key);
    if (!p.nul && !p.surrogate) return std::nullopt;
    const std::string name(name_of_known(key));
    if (p.nul) return problem{"nul", "nul: U+0000 in " + name};
    return problem{"surrogate", "surrogate: half a surrogate pair in " + name};
}

event_draft::decoded_text& event_draft::decoded(known key) {
    auto&       out = texts_[static_cast<std::size_t>(key)];
    const auto& p   = at(key);
    out.value       = p.raw;
    if (p.escaped) {
        unescape(p.raw, out.storage);
        out.value = out.storage;
    }
    return out;
}

event_draft::finding event_draft::wrong_priority() {
    if (auto wrong = not_a_string(known::priority)) return wrong;
    if (auto wrong = not_as_it_is(known::priority)) return wrong;
    const auto text  = decoded(known::priority).value;
    const auto level = priority_of(text);
    if (!level)
        return problem{
            "priority", "priority is none of the eight, Emergency to Debug: " + quoted(text)
        };
    event_.level = *level;
    return std::nullopt;
}

event_draft::finding event_draft::wrong_rule() {
    if (auto wrong = not_a_string(known::rule)) return wrong;
    const auto text = decoded(known::rule).value;
    if (text.empty()) return problem{"rule", "rule is empty"};
    const auto size = code_points(text);
    if (size <= max_rule_characters) return std::nullopt;
    return problem{
        "rule", "rule has " + std::to_string(size) + " characters, 256 are allowed: " + quoted(text)
    };
}

event_draft::finding event_draft::wrong_time() {
    if (auto wrong = not_a_string(known::time)) return wrong;
    if (auto wrong = not_as_it_is(known::time)) return wrong;
    const auto text = decoded(known::time).value;
    const auto time = parse_rfc3339(text);
    if (const auto* const why = std::get_if<const char*>(&time))
        return problem{"time", std::string("time ").append(*why) + ": " + quoted(text)};
    event_.time = std::get<event_time>(time);
    return std::nullopt;
}

event_draft::finding event_draft::wrong_output_fields() {
    const auto& fields = at(known::output_fields);
    if (!fields.present()) return problem{"output_fields", "output_fields is missing"};
    if (!fields.is(token::begin_object))
        return problem{
            "output_fields",
            std::string("output_fields is ").append(name_of_kind(fields.kind)) + ", not an object"
        };
    if (fields_ == 0) return problem{"output_fields", "output_fields is empty"};
    return std::nullopt;
}

event_draft::finding event_draft::wrong_uuid() {
    if (!at(known::uuid).present()) return std::nullopt;
    if (auto wrong = not_a_string(known::uuid)) return wrong;
    if (auto wrong = not_as_it_is(known::uuid)) return wrong;
    const auto text = decoded(known::uuid).value;
    const auto id   = uuid::parse(text);
    if (!id) return problem{"uuid", "uuid is not a UUID with dashes: " + quoted(text)};
    event_.id = *id;
    return std::nullopt;
}

event_draft::finding event_draft::wrong_output() {
    if (!at(known::output).present()) return std::nullopt;
    if (auto wrong = not_a_string(known::output)) return wrong;
    const auto text = decoded(known::output).value;
    if (text.size() <= max_output_bytes) return std::nullopt;
    return problem{
        "output", "output has " + std::to_string(text.size()) + " bytes, 65536 are allowed"
    };
}

event_draft::finding event_draft::wrong_source() {
    if (!at(known::source).present()) return std::nullopt;
    if (auto wrong = not_a_string(known::source)) return wrong;
    decoded(known::source);
    return std::nullopt;
}

event_draft::finding event_draft::wrong_hostname() {
    if (!at(known::hostname).present()) return std::nullopt;
    if (auto wrong = not_a_string(known::hostname)) return wrong;
    const auto text = decoded(known::hostname).value;
    const auto size = code_points(text);
    if (size <= max_hostname_characters) return std::nullopt;
    return problem{
        "hostname",
        "hostname has " + std::to_string(size) + " characters, 253 are allowed: " + quoted(text)
    };
}

event_draft::finding event_draft::wrong_tags() {
    const auto& tags = at(known::tags);
    if (!tags.present() || tags.is(token::null)) return std::nullopt;
    if (!tags.is(token::begin_array))
        return problem{
            "tags",
            std::string("tags is ").append(name_of_kind(tags.kind)) + ", not an array of strings"
        };
    if (wrong_tag_.present())
        return problem{
            "tags",
            std::string("tags holds ").append(name_of_kind(wrong_tag_.kind)) + ", not only strings"
        };
    if (tags_ > max_tags)
        return problem{"tags", "tags holds " + std::to_string(tags_) + " strings, 64 are allowed"};
    return std::nullopt;
}

void event_draft::put_texts() {
    if (!extra_.empty()) extra_ += '}';
    const std::pair<event_texts::part, known> strings[] = {
        {event_texts::part::rule, known::rule},
        {event_texts::part::output, known::output},
        {event_texts::part::source, known::source},
        {event_texts::part::hostname, known::hostname},
    };
    const auto& tags   = at(known::tags);
    const auto& fields = at(known::output_fields);

    std::size_t bytes = fields.raw.size() + extra_.size();
    if (tags.is(token::begin_array)) bytes += tags.raw.size();
    if (odd_) bytes += body_.size();
    for (const auto& [_, key] : strings)
        bytes += texts_[static_cast<std::size_t>(key)].value.size();

    auto& into = event_.texts;
    into.reserve(bytes);
    for (const auto& [which, key] : strings)
        if (at(key).present()) into.put(which, texts_[static_cast<std::size_t>(key)].value);
    if (tags.is(token::begin_array)) put_json(event_texts::part::tags, tags.raw);
    put_json(event_texts::part::output_fields, fields.raw);
    if (!extra_.empty()) put_json(event_texts::part::extra, extra_);
    if (odd_) into.put(event_texts::part::raw, body_);
}

void event_draft::put_json(event_texts::part which, std::string_view json) {
    if (odd_)
        event_.texts.put(which, with_replacements(json));
    else
        event_.texts.put(which, json);
}

/// Test events of Falcosidekick (`POST /test`) and the heartbeat of the Gardener extension.
bool event_draft::is_test() {
    if (test_tag_) return true;
    const auto rule = event_.texts.get_or_empty(event_texts::part::rule);
    return rule == heartbeat_rule ||
           (rule == "Test rule" &&
            event_.texts.get_or_empty(event_texts::part::source) == "internal");
}

uuid event_draft::minted(const cluster_identity* from) {
    std::string_view cluster;
    if (from != nullptr) {
        cluster = from->text;
    } else if (cluster_id_.is(token::string)) {
        unescape(cluster_id_.raw, scratch_);
        cluster = scratch_;
    }
    return uuid::from_digest(digest_of(cluster, body_));
}

}  // namespace falconer::ingest
