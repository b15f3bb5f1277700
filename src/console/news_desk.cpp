#include "news_desk.hpp"

#include <utility>

namespace falconer::console {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kept  = 4;  // issues; each may have a thousand events
constexpr auto        fresh = 10s;

}  // namespace

news_desk::issue_ptr news_desk::found(const std::string& from) {
    while (!latest_.empty() && latest_.front()->at + fresh <= time_.now()) latest_.pop_front();
    for (const auto& each : latest_)
        if (each->from == from) return each;
    return nullptr;
}

task<result<news_desk::issue_ptr>> news_desk::after(std::string position) {
    if (auto had = found(position)) co_return had;
    co_await one_at_a_time_.enter();
    const place_in turn(one_at_a_time_);
    if (auto had = found(position)) co_return had;  // somebody has asked meanwhile
    auto got = co_await store_.follow(position);
    if (!got) co_return std::move(got).error();
    auto made  = std::make_shared<issue>();
    made->from = std::move(position);
    made->what = std::move(*got);
    made->at   = time_.now();
    for (const auto& each : made->what.events) made->contents.emplace_back(each);
    latest_.push_back(made);
    if (latest_.size() > kept) latest_.pop_front();
    co_return issue_ptr(std::move(made));
}

task<result<std::string>> news_desk::now() {
    if (!latest_.empty() && latest_.back()->at + 500ms > time_.now())
        co_return latest_.back()->what.position;
    co_return co_await store_.position();
}

}  // namespace falconer::console
