#include "streams.hpp"

#include <algorithm>
#include <utility>

namespace falconer::console {
namespace {

constexpr std::size_t at_once = 200;  // events; nobody reads more in half a second

std::string message(std::string_view kind, std::string_view data, std::string_view id = {}) {
    std::string text;
    if (!id.empty()) text.append("id: ").append(id).append("\n");
    return text.append("event: ").append(kind).append("\ndata: ").append(data).append("\n\n");
}

}  // namespace

tail_stream::tail_stream(
    time_source& time, news_desk& news, session_ptr whose, counted_place place, options opt
)
    : time_(time), news_(news), whose_(std::move(whose)), place_(std::move(place)),
      opt_(std::move(opt)), clock_(time.make_bell()), said_(time.now()) {}

task<std::string> tail_stream::next() {
    for (;;) {
        if (over_) co_return "";
        auto may = co_await look_again(whose_, time_);
        if (!may) {
            over_             = true;
            const bool theirs = may.error().code == errc::denied;
            co_return message("end", theirs ? R"({"reason":"session"})" : R"({"reason":"server"})");
        }
        if (opt_.until && *opt_.until <= time_.utc()) {
            over_ = true;
            co_return message("end", R"({"reason":"again"})", opt_.position);
        }
        result<news_desk::issue_ptr> issue{std::exchange(opt_.first, nullptr)};
        if (!*issue) issue = co_await news_.after(opt_.position);
        std::string text;
        if (issue) {
            opt_.position = (*issue)->what.position;
            text          = tell(**issue);
        } else if (issue.error().code == make_error_code(errc::expired)) {
            over_ = true;
            co_return message("end", R"({"reason":"server"})");
        }
        const auto now = time_.now();
        // Where the store is away, the sign of life says nothing of how far one has got.
        if (!text.empty() || now - said_ >= opt_.still_there) {
            said_ = now;
            co_return text + message("position", "{}", opt_.position);
        }
        if (issue && !news_.is_latest(opt_.position)) continue;  // there is more already
        co_await clock_->wait_until(now + opt_.look);
    }
}

std::string tail_stream::tell(const news_desk::issue& of) {
    static const assessments nobody_yet;
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < of.contents.size(); ++i)
        if (may_see(whose_->who.sees, of.what.events[i].cluster) &&
            (!opt_.what || filter::matches(*opt_.what, of.contents[i].subject())))
            found.push_back(i);
    const auto  first = found.size() - std::min(found.size(), at_once);
    std::string text;
    for (std::size_t i = first; i < found.size(); ++i) {
        json_text_writer json;
        write_summary(json, of.what.events[found[i]], opt_.fields, {nobody_yet, time_.utc()});
        text += message("event", json.taken());
    }
    // Of those that nobody has looked at it is not known whether they would have been found; and a
    // number of other people's events is nobody's to know.
    const auto lost = first + (whose_->who.sees.everything ? of.what.skipped : 0);
    if (lost > 0) text += message("lost", "{\"count\":" + std::to_string(lost) + "}");
    return text;
}

}  // namespace falconer::console
