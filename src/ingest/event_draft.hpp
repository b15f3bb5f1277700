// What has been heard of an event so far: where its parts are in the body, not yet what they mean.
#pragma once

#include "event_json.hpp"
#include "json_scanner.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace falconer::ingest {

/// Of a key that comes twice the last one counts; so parts are only noted while the body is read,
/// and looked at when it is over. Only what may be nowhere (a number too long, a level too deep) is
/// found on the way, and whether there are characters that the store does not take.
class event_draft {
public:
    explicit event_draft(std::string_view body) : body_(body) {}

    /// Takes in the next token behind the event's opening bracket.
    void hear(json_scanner::token t, const json_scanner& in);

    /// Why output_fields.cluster_id does not speak for `from` (null: for any cluster); empty if it
    /// does.
    std::string problem_with_cluster(const cluster_identity* from);

    /// The verdict: store or quarantine.
    event_verdict finish(const cluster_identity* from, utc_time now);

private:
    enum class known : std::uint8_t {
        priority,
        rule,
        time,
        output_fields,
        uuid,
        output,
        source,
        hostname,
        tags,
        other
    };
    static constexpr std::size_t known_keys = 9;

    /// A value: its first token and its bytes.
    struct part {
        json_scanner::token kind = json_scanner::token::end;  // end: absent
        std::string_view    raw{};  // strings: between the quotes; others: all of it
        bool                escaped = false, nul = false, surrogate = false;  // of a string

        bool present() const noexcept { return kind != json_scanner::token::end; }
        bool is(json_scanner::token t) const noexcept { return kind == t; }
    };
    struct problem {
        std::string about, reason;
    };

    static part part_of(json_scanner::token t, const json_scanner& in);

    void look_anywhere(json_scanner::token t, const json_scanner& in);
    void key_of_event(const json_scanner& in);
    void value_begins(json_scanner::token t, const json_scanner& in);
    void value_ends(const json_scanner& in);
    void inside_value(json_scanner::token t, const json_scanner& in);
    void inside_output_fields(json_scanner::token t, const json_scanner& in);
    void inside_tags(json_scanner::token t, const json_scanner& in);

    std::string_view name(const json_scanner& in);

    /// The text of a known key, decoded; a view of the body where nothing had to be.
    struct decoded_text {
        std::string_view value{};
        std::string      storage{};
    };
    using finding = std::optional<problem>;

    finding first_problem();
    finding not_a_string(known key);
    finding not_as_it_is(known key);
    finding wrong_priority();
    finding wrong_rule();
    finding wrong_time();
    finding wrong_output_fields();
    finding wrong_uuid();
    finding wrong_output();
    finding wrong_source();
    finding wrong_hostname();
    finding wrong_tags();

    void put_texts();
    void put_json(event_texts::part which, std::string_view json);
    bool is_test();
    uuid minted(const cluster_identity* from);

    part&         at(known key) noexcept { return parts_[static_cast<std::size_t>(key)]; }
    decoded_text& decoded(known key);
    std::string   place() const;
    void          find(std::string_view about, std::string_view what);

    static known            known_key(std::string_view name) noexcept;
    static std::string_view name_of_known(known key) noexcept;

    std::string_view                     body_;
    std::array<part, known_keys>         parts_{};
    std::array<decoded_text, known_keys> texts_{};
    std::string                          extra_{};  // {"key":value,… while it is put together

    known            current_ = known::other;  // the top-level key whose value is being read
    std::string_view key_{}, field_{};         // its name, and that of the field in output_fields
    std::size_t      key_begin_   = 0;
    std::size_t      value_begin_ = 0;
    std::string      scratch_{};

    std::size_t fields_          = 0;      // keys of output_fields
    bool        cluster_id_next_ = false;  // the next value is output_fields.cluster_id
    part        cluster_id_{};
    std::size_t tags_     = 0;
    bool        test_tag_ = false;
    part        wrong_tag_{};

    finding     found_{};      // on the way: number, depth
    bool        odd_ = false;  // U+0000 or a lone surrogate somewhere
    falco_event event_{};
};

}  // namespace falconer::ingest
