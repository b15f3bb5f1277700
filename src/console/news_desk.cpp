#include "news_desk.hpp"

#include <utility>

namespace falconer::console {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t most_issues = 256;
/// A head that stays where it is becomes too old to be followed: so often it moves at the least.
constexpr auto at_least_every = 60s;

news_desk::issue_ptr made_of(std::string from, news what) {
    auto made  = std::make_shared<news_desk::issue>();
    made->from = std::move(from);
    made->what = std::move(what);
    for (const auto& each : made->what.events) {
        made->contents.emplace_back(each);
        made->bytes += each.output_fields.size() + each.extra.size();
    }
    return made;
}

}  // namespace

bool news_desk::is_fresh(steady_time::duration within) const {
    return looked_ && time_.now() < *looked_ + within;
}

news_desk::issue_ptr news_desk::found(const std::string& from) const {
    for (const auto& each : chain_)
        if (each->from == from) return each;
    return nullptr;
}

task<result<news_desk::issue_ptr>> news_desk::after(std::string position) {
    auto caught_up = co_await catch_up();
    if (!caught_up) co_return std::move(caught_up).error();
    if (is_latest(position)) {
        news none{.position = position};
        co_return made_of(std::move(position), std::move(none));
    }
    if (auto had = found(position)) co_return had;
    // Not a place of the reader's: up to where it is, and with it from there on.
    co_await one_at_a_time_.enter();
    const place_in turn(one_at_a_time_);
    std::string    from = position;
    std::optional  till = head_;
    auto           got  = co_await store_.follow(std::move(from), std::move(till));
    if (!got) co_return std::move(got).error();
    co_return made_of(std::move(position), std::move(*got));
}

task<result<void>> news_desk::catch_up() {
    if (is_fresh(opt_.look)) co_return result<void>{};
    co_await one_at_a_time_.enter();
    const place_in turn(one_at_a_time_);
    if (is_fresh(opt_.look)) co_return result<void>{};  // somebody has looked meanwhile
    if (!is_fresh(opt_.idle)) co_return co_await begin();
    co_return co_await look();
}

/// What nobody waited for is not read for nobody.
task<result<void>> news_desk::begin() {
    const auto now  = time_.now();
    auto       here = co_await store_.position();
    if (!here) co_return std::move(here).error();
    chain_.clear();
    kept_ = bytes_ = 0;
    head_          = std::move(*here);
    moved_         = now;
    looked_.emplace(now);
    co_return result<void>{};
}

task<result<void>> news_desk::look() {
    const auto now  = time_.now();
    auto       from = head_;
    auto       got  = co_await store_.follow(std::move(from), std::nullopt);
    if (!got) {
        // It leads nowhere any more, as after a fail-over: the next one begins anew.
        if (got.error().code == make_error_code(errc::expired)) looked_.reset();
        co_return std::move(got).error();
    }
    looked_.emplace(now);
    const bool nothing = got->events.empty() && got->skipped == 0;
    if (nothing && now < moved_ + at_least_every) co_return result<void>{};
    moved_          = now;
    kept_          += got->events.size();
    auto from_here  = std::exchange(head_, got->position);
    chain_.push_back(made_of(std::move(from_here), std::move(*got)));
    bytes_           += chain_.back()->bytes;
    const auto large  = [&] { return kept_ > opt_.events || bytes_ > opt_.bytes; };
    while (chain_.size() > most_issues || (large() && chain_.size() > 1)) {
        kept_  -= chain_.front()->what.events.size();
        bytes_ -= chain_.front()->bytes;
        chain_.pop_front();
    }
    co_return result<void>{};
}

task<result<std::string>> news_desk::now() {
    if (is_fresh(500ms)) co_return head_;
    co_return co_await store_.position();
}

}  // namespace falconer::console
