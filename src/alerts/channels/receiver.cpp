#include "receiver.hpp"

#include "falconer/duration.hpp"
#include "falconer/utf8.hpp"
#include "kinds.hpp"
#include "words.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace falconer::alerts {
namespace {

/// What a channel is written with, and how it is made.
struct kind_row {
    channel_kind     kind;
    std::string_view name;
    std::string_view secret;  // the key of the file with its secret; empty: it has none
    bool             secret_needed;
    std::unique_ptr<alert_channel> (*make)(channel_parts, const channel_tools&);
};

constexpr std::array kinds{
    kind_row{channel_kind::webhook, "webhook", "secretFile", false, make_webhook},
    kind_row{channel_kind::email, "email", "", false, make_email},
    kind_row{channel_kind::slack, "slack", "", false, make_slack},
    kind_row{channel_kind::teams, "teams", "", false, make_teams},
    kind_row{channel_kind::pagerduty, "pagerduty", "routingKeyFile", true, make_pagerduty},
    kind_row{channel_kind::alertmanager, "alertmanager", "tokenFile", false, make_alertmanager},
    kind_row{channel_kind::otlp, "otlp", "tokenFile", false, make_otlp},
};

const kind_row& row_of(channel_kind k) {
    return *std::ranges::find(kinds, k, &kind_row::kind);
}

constexpr std::string_view pagerduty_url = "https://events.pagerduty.com/v2/enqueue";
constexpr std::string_view alerts_path   = "/api/v2/alerts";  // of Alertmanager
constexpr std::string_view logs_path     = "/v1/logs";        // of an OTLP receiver

void read_mail_addresses(field_reader& in, receiver& one) {
    in.read("to", one.to);
    if (one.to.empty()) in.complain("to", "needs at least one address");
    if (one.to.size() > most_mail_addresses)
        in.complain("to", "has more than " + std::to_string(most_mail_addresses) + " addresses");
    for (const auto& each : one.to)
        if (!net::is_mail_address(each))
            in.complain("to", "'" + excerpt(is_utf8(each) ? each : "?") + "' is no mail address");
}

void read_address(field_reader& in, const kind_row& row, receiver& one) {
    in.read("url", one.url);
    in.read("urlFile", one.url_file);
    if (one.url.empty() && one.url_file.empty() && one.how == channel_kind::pagerduty)
        one.url = pagerduty_url;
    if (one.url.empty() == one.url_file.empty()) in.complain("url", "needs either url or urlFile");
    if (!one.url.empty())
        if (auto good = parse_address(one.url); !good) in.complain("url", good.error().detail);
    if (row.secret.empty()) return;
    in.read(row.secret, one.secret_file);
    if (row.secret_needed && one.secret_file.empty()) in.complain(row.secret, "is needed");
}

void read_channel(field_reader& in, const kind_row& row, receiver& one) {
    if (one.how == channel_kind::email)
        read_mail_addresses(in, one);
    else
        read_address(in, row, one);
    if (one.how == channel_kind::alertmanager) {
        std::string keeps;
        in.read("keeps", keeps);
        const auto parsed = keeps.empty() ? std::optional<std::chrono::nanoseconds>(one.keeps)
                                          : parse_duration(keeps);
        if (!parsed || *parsed < std::chrono::minutes(1))
            in.expected("keeps", "a duration of a minute or more");
        else
            one.keeps = std::chrono::duration_cast<std::chrono::seconds>(*parsed);
    } else {
        in.read("title", one.title);
        if (auto good = message_template::parse(one.title); !good)
            in.complain("title", good.error().detail);
    }
}

/// An address without a path leads to where the API is.
void complete(const receiver& of, address& where) {
    if (where.target != "/") return;
    if (of.how == channel_kind::alertmanager) where.target = alerts_path;
    if (of.how == channel_kind::otlp) where.target = logs_path;
}

}  // namespace

std::string_view name_of(channel_kind k) noexcept {
    return row_of(k).name;
}

receiver read_receiver(const value& of, const std::string& path, field_problems& problems) {
    receiver     one;
    field_reader in(of, path, problems);
    if (in.read_needed("name", one.name) && one.name.size() > longest_receiver_name)
        in.complain("name", "is longer than " + std::to_string(longest_receiver_name) + " bytes");
    in.read("project", one.project);
    in.read("perMinute", one.per_minute);
    if (one.per_minute < 1 || one.per_minute > 6000)
        in.expected("perMinute", "a number from 1 to 6000");
    int found = 0;
    for (const auto& row : kinds) {
        if (in.find(row.name) == nullptr) continue;
        ++found;
        one.how = row.kind;
        in.in(row.name, [&](field_reader& inner) { read_channel(inner, row, one); });
    }
    if (found != 1)
        problems.push_back(
            {path,
             "needs exactly one of webhook, email, slack, teams, pagerduty, alertmanager, otlp",
             of.line()}
        );
    return one;
}

std::string title_for(const channel_parts& parts, const notification& what) {
    return headline(what, parts.title ? parts.title->filled(what) : std::string{});
}

result<address> address_of(channel_parts& parts) {
    if (parts.where) return *parts.where;
    auto text = parts.hidden.line();
    if (!text) return std::move(text).error();
    auto where = parse_address(text->reveal());
    if (!where) return std::move(where).error().while_doing("the receiver's address");
    return where;
}

delivery_answer not_begun(const failure& why) {
    return {.what = delivery_answer::outcome::again, .said = shortened(one_line(why.detail), 200)};
}

result<std::unique_ptr<alert_channel>> make_channel(const receiver& of, const channel_tools& with) {
    channel_parts parts;
    parts.to    = of.to;
    parts.keeps = of.keeps;
    if (!of.url.empty()) {
        auto where = parse_address(of.url);
        if (!where) return std::move(where).error().while_doing("receiver " + of.name);
        complete(of, *where);
        parts.where = std::move(*where);
    }
    if (!of.url_file.empty()) parts.hidden = secret_text(of.url_file);
    if (!of.secret_file.empty()) parts.secret = secret_text(of.secret_file);
    if (!of.title.empty()) {
        auto title = message_template::parse(of.title);
        if (!title) return std::move(title).error().while_doing("receiver " + of.name);
        parts.title = std::move(*title);
    }
    const bool by_mail = of.how == channel_kind::email;
    if (by_mail && with.mail == nullptr)
        return failure{errc::malformed, "receiver " + of.name + ": there is no mail server"};
    if (!by_mail && !parts.where && !parts.hidden.is_named())
        return failure{errc::malformed, "receiver " + of.name + ": has no address"};
    return row_of(of.how).make(std::move(parts), with);
}

}  // namespace falconer::alerts
