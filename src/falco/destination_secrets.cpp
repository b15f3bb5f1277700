#include "destination_secrets.hpp"

#include "falconer/base64.hpp"
#include "falconer/go_bool.hpp"
#include "falconer/spelling.hpp"
#include "http_texts.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>

namespace falconer::falco {
namespace {

enum class field_kind : std::uint8_t {
    text,
    secret,   // may hold a tab
    address,  // needed
    token,    // needed; becomes a header
    boolean,
    number,
    headers,
    priority,
    method,
};

/// One key of a user's Secret. Source: facts on the Go extension's user Secrets.
struct secret_field {
    std::string_view key;
    field_kind       is;
    std::string_view fallback;  // empty: the key is left out
};

constexpr std::array custom_fields{
    secret_field{"address", field_kind::address, ""},
    secret_field{"method", field_kind::method, "POST"},
    secret_field{"customheaders", field_kind::headers, ""},
    secret_field{"checkcert", field_kind::boolean, "true"},
};
constexpr std::array opensearch_fields{
    secret_field{"hostport", field_kind::address, ""},
    secret_field{"index", field_kind::text, "falco"},
    secret_field{"suffix", field_kind::text, "daily"},
    secret_field{"username", field_kind::secret, ""},
    secret_field{"password", field_kind::secret, ""},
    secret_field{"checkcert", field_kind::boolean, "false"},
    secret_field{"minimumpriority", field_kind::priority, "debug"},
    secret_field{"customheaders", field_kind::headers, ""},
    secret_field{"numberofshards", field_kind::number, ""},
    secret_field{"numberofreplicas", field_kind::number, ""},
    secret_field{"flattenfields", field_kind::boolean, ""},
    secret_field{"createindextemplate", field_kind::boolean, ""},
};
constexpr std::array splunk_fields{
    secret_field{"host", field_kind::address, ""},
    secret_field{"token", field_kind::token, ""},
    secret_field{"checkcert", field_kind::boolean, "true"},
    secret_field{"minimumpriority", field_kind::priority, ""},
    secret_field{"customheaders", field_kind::headers, ""},
};

std::string trimmed(std::string text) {
    const auto blank = [](char c) { return c == '\n' || c == '\r' || c == ' '; };
    while (!text.empty() && blank(text.back())) text.pop_back();
    return text;
}

class reader {
public:
    reader(std::string_view destination, const value& object)
        : destination_(destination), object_(object) {}

    template <class Fields>
    secret_stanza read(const Fields& fields) && {
        for (const auto& field : fields) known_.push_back(field.key);
        for (const auto& field : fields) read_one(field);
        return std::move(into_);
    }

private:
    void complain(std::string_view key, const std::string& why) {
        into_.problems.push_back(std::string(destination_) + ": " + std::string(key) + ' ' + why);
    }

    /// Never repeated in a message: it may be a password.
    std::optional<std::string> find(std::string_view key) {
        if (const auto* plain = object_.find_path({"stringData", key}))
            if (const auto* text = plain->text()) return *text;
        const auto* coded = object_.find_path({"data", key});
        if (coded == nullptr || coded->text() == nullptr) return {};
        auto decoded = decode_base64(*coded->text());
        if (decoded && decoded->find('\0') == std::string::npos) return std::move(*decoded);
        complain(key, "is no base64 of a text");
        return {};
    }

    /// ", but there is 'adress'; did you mean 'address'?", where one of its keys looks like it.
    std::string misspelt(std::string_view key) const {
        for (const auto* part : {"data", "stringData"}) {
            const auto* data = object_.find(part);
            if (data == nullptr) continue;
            for (const auto& each : data->entries()) {
                if (std::ranges::find(known_, each.key) != known_.end()) continue;
                if (const auto hint = did_you_mean(each.key, {&key, 1}); !hint.empty())
                    return ", but there is '" + in_one_line(each.key) + "'" + hint;
            }
        }
        return {};
    }

    void read_one(const secret_field& field) {
        auto said = find(field.key);
        // The documents of the Go extension name it in the singular, its code in the plural.
        if (!said && field.key == "checkcert") said = find("checkcerts");
        if (!said && field.key == "customheaders") said = find("customHeaders");
        if (said) *said = trimmed(std::move(*said));
        if (!said || said->empty()) {
            if (field.is == field_kind::address || field.is == field_kind::token)
                return complain(field.key, "is missing" + misspelt(field.key));
            if (field.fallback.empty()) return;
            said = std::string(field.fallback);
        }
        put(field, *said);
    }

    void put(const secret_field& field, const std::string& said) {
        auto& stanza = into_.stanza;
        switch (field.is) {
            case field_kind::text: return put_text(field.key, said, problem_of_text(said));
            case field_kind::secret:
            case field_kind::token: return put_text(field.key, said, problem_of_header_value(said));
            case field_kind::address:
                return put_text(field.key, said, problem_of_address(said, address_place::secret));
            case field_kind::method: return put_method(field.key, said);
            case field_kind::boolean:
                if (const auto is = parse_go_bool(said))
                    stanza[field.key] = *is;
                else
                    complain(field.key, "must be true or false");
                return;
            case field_kind::number: return put_number(field.key, said);
            case field_kind::priority: return put_priority(field.key, said);
            case field_kind::headers: return put_headers(said);
        }
    }

    void put_text(std::string_view key, const std::string& said, const std::string& wrong) {
        if (!wrong.empty()) return complain(key, wrong);
        into_.stanza[key] = said;
    }

    /// Falcosidekick takes it in any case.
    void put_method(std::string_view key, const std::string& said) {
        std::string upper = said;
        std::ranges::transform(upper, upper.begin(), [](char c) {
            return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        });
        if (upper != "POST" && upper != "PUT") return complain(key, "must be POST or PUT");
        into_.stanza[key] = upper;
    }

    void put_number(std::string_view key, const std::string& said) {
        std::int64_t is        = 0;
        const auto   end       = said.data() + said.size();
        const auto [at, wrong] = std::from_chars(said.data(), end, is);
        if (wrong != std::errc{} || at != end || is < 0 || is > 10'000)
            return complain(key, "must be a number from 0 to 10000");
        into_.stanza[key] = is;
    }

    void put_priority(std::string_view key, const std::string& said) {
        std::string lower = said;
        std::ranges::transform(lower, lower.begin(), [](char c) {
            return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        });
        constexpr std::array known{"debug", "informational", "notice", "warning",
                                   "error", "critical",      "alert",  "emergency"};
        if (std::ranges::find(known, lower) == known.end())
            return complain(
                key,
                "must be one of debug, informational, notice, warning, error, critical, "
                "alert, emergency"
            );
        into_.stanza[key] = lower;
    }

    /// Headers are counted, not named: who put a password into the wrong place finds it all the
    /// same.
    void put_headers(const std::string& said) {
        const auto read = parse_yaml(said);
        if (!read || !read->is_map())
            return complain("customheaders", "must be YAML, a mapping of texts");
        auto headers = value::map();
        int  count   = 0;
        for (const auto& [name, is, line] : read->entries()) {
            const auto* text   = is.text();
            const auto* number = is.numeral_text();
            if (text == nullptr && number == nullptr)
                return complain("customheaders", "must be YAML, a mapping of texts");
            const auto& content = text != nullptr ? *text : *number;
            const auto  which   = "has a header, number " + std::to_string(++count);
            if (const auto wrong = problem_of_header_name(name); !wrong.empty())
                complain("customheaders", which + ", whose name " + wrong);
            if (const auto wrong = problem_of_header_value(content); !wrong.empty())
                complain("customheaders", which + ", whose text " + wrong);
            headers[name] = content;
        }
        into_.stanza["customheaders"] = std::move(headers);
    }

    std::string_view              destination_;
    const value&                  object_;
    std::vector<std::string_view> known_{};  // all keys that this destination has
    secret_stanza                 into_{};
};

}  // namespace

secret_stanza stanza_from_secret(std::string_view destination, const value& secret_object) {
    reader in(destination, secret_object);
    if (destination == "opensearch") return std::move(in).read(opensearch_fields);
    if (destination == "splunk") return std::move(in).read(splunk_fields);
    return std::move(in).read(custom_fields);
}

}  // namespace falconer::falco
