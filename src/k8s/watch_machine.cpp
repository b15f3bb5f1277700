#include "watch_machine.hpp"

#include "api_status.hpp"

#include <algorithm>

namespace falconer::k8s {

watch_machine::watch_machine(options opt, std::function<double()> chance)
    : opt_(opt), chance_(std::move(chance)) {}

watch_machine::request watch_machine::next() {
    request wanted;
    wanted.pause = std::exchange(pause_, std::chrono::milliseconds(0));
    if (listing_) {
        wanted.next = next_;
    } else {
        wanted.kind             = request::what::watch;
        wanted.resource_version = resource_version_;
        heard_                  = false;
    }
    return wanted;
}

void watch_machine::begin_anew() {
    listing_ = true;
    begun_   = false;
    next_.clear();
}

/// Twice as long as the last time, with a jitter of a fifth.
void watch_machine::slow_down() {
    last_pause_ = std::clamp(last_pause_ * 2, opt_.first_pause, opt_.longest_pause);
    pause_      = std::chrono::duration_cast<std::chrono::milliseconds>(
        last_pause_ * (0.8 + 0.4 * chance_())
    );
}

std::vector<kube_event> watch_machine::listed(kube_page page) {
    std::vector<kube_event> events;
    if (!std::exchange(begun_, true)) events.push_back({kube_event::what::init_begin, {}});
    for (auto& each : page.items)
        events.push_back({kube_event::what::init_applied, std::move(each)});
    next_ = std::move(page.next);
    if (!next_.empty()) return events;
    events.push_back({kube_event::what::init_done, {}});
    resource_version_ = std::move(page.resource_version);
    listing_          = false;
    last_pause_       = std::chrono::milliseconds(0);
    return events;
}

std::vector<kube_event> watch_machine::told(value event) {
    const auto type    = std::string(event.text_at({"type"}));
    auto*      object  = event.find("object");
    const auto version = object == nullptr ? "" : std::string(resource_version_of(*object));
    if (type == "ERROR" || object == nullptr || version.empty()) {
        // What is no event is treated as a thread that is lost: better twice than never.
        heard_          = true;  // the end that follows is no second trouble
        const auto code = object == nullptr ? nullptr : object->find("code");
        const auto http = code == nullptr ? 410 : code->integer().value_or(410);
        ended(failure_of(static_cast<unsigned>(http), object == nullptr ? value{} : *object));
        if (type != "ERROR") begin_anew();
        return {};
    }
    heard_            = true;
    last_pause_       = std::chrono::milliseconds(0);
    resource_version_ = version;
    std::vector<kube_event> events;
    if (type == "ADDED" || type == "MODIFIED")
        events.push_back({kube_event::what::applied, std::move(*object)});
    else if (type == "DELETED")
        events.push_back({kube_event::what::deleted, std::move(*object)});
    return events;  // a bookmark tells only how far we are
}

void watch_machine::ended(const std::optional<failure>& why, std::chrono::milliseconds lasted) {
    if (why && why->code == errc::expired) {
        // At once for a watch; a list that lost its pages may be too slow for the server's memory.
        if (listing_) slow_down();
        begin_anew();
    } else if (why) {
        if (listing_) begin_anew();
        slow_down();
    } else if (!listing_ && !heard_ && lasted >= opt_.short_watch) {
        last_pause_ = std::chrono::milliseconds(0);  // nothing has happened, and that is all
    } else if (!listing_ && !heard_) {
        slow_down();  // a server that ends every watch at once is not asked in a loop
    }
}

}  // namespace falconer::k8s
