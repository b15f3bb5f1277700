// The endpoint that API servers post AdmissionReviews to.
#pragma once

#include "falconer/falco/review.hpp"
#include "falconer/log.hpp"
#include "falconer/metrics.hpp"
#include "falconer/net/http_handler.hpp"
#include "falconer/time_source.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace falconer::admissions {

inline constexpr auto mutate_path   = "/webhooks/mutate";
inline constexpr auto validate_path = "/webhooks/validate";

/// As large as an API server sends them. Source: controller-runtime, pkg/webhook/admission/http.go.
inline constexpr std::uint64_t largest_review = 7 * 1024 * 1024;

/// POST an AdmissionReview: 200 with its answer, whatever the verdict. Everything is at hand: no
/// review waits for anything. Objects are never logged; a verdict is, with whose it is. A review
/// that we fail at is answered with 500 and a sentence, and is counted; it touches no other.
///
/// Threading: the loop thread only.
class review_handler final : public net::http_handler {
public:
    /// `missing`: what a review would need and is not there yet; none: reviews can be answered.
    using readiness = std::function<std::vector<std::string>()>;

    review_handler(
        time_source& time, const falco::garden_view& garden, falco::review_settings settings,
        metrics_registry& metrics, readiness missing
    );

    /// Everything the header decides: path, method, type, size.
    std::optional<net::http_response> screen(net::http_request& head) override;
    task<net::http_response>          handle(net::http_request request) override;

private:
    enum class verdict : std::uint8_t { allowed, mutated, denied, unusable, failed };

    net::http_response refuse(unsigned status, std::string why);
    net::http_response decide(falco::review_phase phase, const std::string& body);
    net::http_response give_up(falco::review_phase phase, std::string_view why);
    void               note(falco::review_phase phase, verdict what, const value& review);

    time_source&              time_;
    const falco::garden_view& garden_;
    falco::review_settings    settings_;
    readiness                 missing_;

    std::array<std::array<counter*, 5>, 2> verdicts_{};  // by phase and verdict
    std::array<histogram*, 2>              seconds_{};
    counter&                               refused_;
};

}  // namespace falconer::admissions
