// E-mail: plain text, so that nothing in it is anything but text.
// Sources: RFC 5322 (fields), RFC 2045 §6.7 (quoted-printable), RFC 2047 (encoded words),
// RFC 3834 §5 (Auto-Submitted)
#include "kinds.hpp"
#include "words.hpp"

#include <array>
#include <chrono>
#include <cstdio>
#include <string>
#include <utility>

namespace falconer::alerts {
namespace {

using outcome = delivery_answer::outcome;

constexpr std::size_t      most_alerts = 50;
constexpr std::size_t      most_bytes  = 64 * 1024;
constexpr std::string_view digits      = "0123456789ABCDEF";

void append_hex(std::string& out, char c) {
    const auto byte  = static_cast<unsigned char>(c);
    out             += '=';
    out             += digits[byte >> 4];
    out             += digits[byte & 15];
}

/// `text` has lines ending in \n. No line is longer than 76 characters.
std::string quoted_printable(std::string_view text) {
    std::string out;
    std::size_t column = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '\n') {
            out    += "\r\n";
            column  = 0;
            continue;
        }
        const bool ends  = i + 1 == text.size() || text[i + 1] == '\n';
        const bool plain = (c > ' ' && c <= '~' && c != '=') || (c == ' ' && !ends);
        if (column + (plain ? 1 : 3) > 75) {
            out    += "=\r\n";
            column  = 0;
        }
        if (plain && !(column == 0 && c == '.')) {  // nothing that looks like the end of a message
            out += c;
            ++column;
        } else {
            append_hex(out, c);
            column += 3;
        }
    }
    return out;
}

/// As the value of a field: short printable ASCII as it is, anything else in encoded words, none of
/// which ends within a character. With the longest of our field names a line has at most 76
/// characters.
std::string field_text(std::string_view text) {
    bool ascii = text.find("=?") == text.npos && text.size() <= 50;
    for (const char c : text) ascii = ascii && c >= ' ' && c <= '~';
    if (ascii) return std::string(text);
    std::string out, word;
    const auto  close = [&] {
        if (word.empty()) return;
        if (!out.empty()) out += "\r\n ";
        out += "=?utf-8?Q?" + word + "?=";
        word.clear();
    };
    for (std::size_t i = 0; i < text.size();) {
        std::size_t size = 1;
        while (i + size < text.size() && (static_cast<unsigned char>(text[i + size]) & 0xC0) == 0x80
        )
            ++size;
        std::string next;
        for (const char c : text.substr(i, size)) {
            const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                               (c >= '0' && c <= '9') || c == '-';
            if (plain)
                next += c;
            else
                append_hex(next, c);
        }
        if (word.size() + next.size() > 40) close();
        word += next;
        i    += size;
    }
    close();
    return out;
}

/// "Tue, 01 Dec 2026 05:00:00 +0000". Source: RFC 5322 §3.3.
std::string mail_date(utc_time t) {
    static constexpr std::array       week{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::array       months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto                        day = std::chrono::floor<std::chrono::days>(t);
    const std::chrono::year_month_day date{day};
    const std::chrono::weekday        weekday{day};
    const std::chrono::hh_mm_ss       clock{std::chrono::floor<std::chrono::seconds>(t - day)};
    char                              text[96];
    std::snprintf(
        text, sizeof text, "%s, %02u %s %04d %02d:%02d:%02d +0000", week.at(weekday.c_encoding()),
        static_cast<unsigned>(date.day()), months.at(static_cast<unsigned>(date.month()) - 1),
        static_cast<int>(date.year()), static_cast<int>(clock.hours().count()),
        static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count())
    );
    return text;
}

std::string body_text(const notification& what, std::string_view title, std::size_t count) {
    auto text = one_line(title) + "\n";
    for (std::size_t i = 0; i < count; ++i) {
        const auto& alert = what.alerts[i];
        text +=
            "\n" + shortened(one_line(alert.rule), 256) + " (" + std::string(name_of(alert.level));
        text += ", " + std::string(state_of(alert)) + ")\n";
        if (!alert.summary.empty()) text += shortened(one_line(alert.summary), 512) + "\n";
        for (const auto& each : facts_of(alert))
            text += "  " + each.name + ": " + each.value + "\n";
        if (is_link(alert.runbook)) text += "  runbook: " + alert.runbook + "\n";
    }
    if (const auto more = and_more(what, count); !more.empty()) text += "\n… " + more + ".\n";
    return text;
}

class email final : public alert_channel {
public:
    email(channel_parts parts, const channel_tools& with)
        : parts_(std::move(parts)), mail_(*with.mail), from_(with.mail_from), site_(with.site) {}

    task<delivery_answer> deliver(notification what) override {
        net::mail message{.from = from_, .to = parts_.to};
        message.text = email_text(what, title_for(parts_, what), from_, parts_.to, site_);
        auto said    = co_await mail_.send(std::move(message));

        delivery_answer verdict;
        verdict.what = outcome::again;
        if (said.taken)
            verdict.what = outcome::delivered;
        else if (said.permanent)
            verdict.what = outcome::never;
        verdict.said = shortened(one_line(said.said), 200);
        co_return verdict;
    }

private:
    channel_parts     parts_;
    net::smtp_client& mail_;
    std::string       from_, site_;
};

}  // namespace

std::string email_text(
    const notification& what, std::string_view title, std::string_view from,
    const std::vector<std::string>& to, std::string_view site
) {
    const auto  at = '@' + std::string(site) + '>';
    std::string text;
    const auto  add = [&](std::string_view name, std::string_view is) {
        text += name;
        text += ": ";
        text += is;
        text += "\r\n";
    };
    std::string everybody;
    for (const auto& each : to) everybody += (everybody.empty() ? "" : ",\r\n ") + each;
    add("From", "Falconer <" + std::string(from) + ">");
    add("To", everybody);
    add("Subject", field_text(one_line(title)));
    add("Date", mail_date(what.made));
    // Tried again it is the same message; tellings of one group are one conversation.
    add("Message-ID", "<" + what.key.text() + at);
    add("References", "<" + what.group.text() + at);
    add("In-Reply-To", "<" + what.group.text() + at);
    add("Auto-Submitted", "auto-generated");
    add("X-Falconer-Receiver", field_text(one_line(what.receiver)));
    add("MIME-Version", "1.0");
    add("Content-Type", "text/plain; charset=utf-8");
    add("Content-Transfer-Encoding", "quoted-printable");
    text += "\r\n";
    text += fitting(what, most_alerts, most_bytes, [&](std::size_t count) {
        return quoted_printable(body_text(what, title, count));
    });
    return text;
}

std::unique_ptr<alert_channel> make_email(channel_parts parts, const channel_tools& with) {
    return std::make_unique<email>(std::move(parts), with);
}

}  // namespace falconer::alerts
