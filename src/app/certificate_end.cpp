#include "certificate_end.hpp"

#include "falconer/event.hpp"
#include "net/tls_context.hpp"

namespace falconer::app {

using namespace std::chrono_literals;

void say_if_it_ends(std::string_view shown_by, utc_time ends, utc_time now) {
    constexpr auto soon = 7 * 24h, very_soon = 24h;
    const auto     left = ends - now;
    if (left >= soon) return;
    log_of("app").log(
        left < very_soon ? spdlog::level::err : spdlog::level::warn,
        "the certificate {} endpoint={} at={}", left <= 0s ? "has ended" : "ends soon", shown_by,
        text_of(event_time_of(ends))
    );
}

result<void> store_certificate::look() {
    const auto ends = net::certificate_end(file_);
    if (!ends) {
        log_of("app").error(
            "the certificate for the store cannot be read reason=\"{}\"", ends.error().detail
        );
        return ends.error();
    }
    shown_.show(*ends);
    say_if_it_ends("store", *ends, time_.utc());
    return {};
}

task<void> store_certificate::run() {
    const auto clock = time_.make_bell();
    for (;;) {
        static_cast<void>(look());
        co_await clock->wait_until(time_.now() + certificate_look);
    }
}

}  // namespace falconer::app
