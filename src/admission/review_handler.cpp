#include "review_handler.hpp"

#include "falconer/spelling.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <optional>
#include <string_view>
#include <utility>

namespace falconer::admissions {
namespace {

using falco::review_phase;
using net::http_request;
using net::http_response;

http_response reply(unsigned status, std::string_view type, std::string body) {
    http_response made{.status = status, .body = std::move(body)};
    made.headers.add("Content-Type", type);
    return made;
}

std::optional<review_phase> phase_of(std::string_view target) {
    const auto path = target.substr(0, target.find('?'));
    if (path == mutate_path) return review_phase::mutate;
    if (path == validate_path) return review_phase::validate;
    return std::nullopt;
}

/// `application/json`, with or without parameters, any case.
bool is_json(std::string_view content_type) {
    constexpr std::string_view wanted = "application/json";
    const auto                 lower  = [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    };
    const auto rest = content_type.substr(std::min(wanted.size(), content_type.size()));
    return std::ranges::equal(content_type.substr(0, wanted.size()), wanted, {}, lower) &&
           (rest.empty() || rest.front() == ';' || rest.front() == ' ');
}

std::size_t at(review_phase phase) {
    return phase == review_phase::mutate ? 0 : 1;
}

}  // namespace

review_handler::review_handler(
    time_source& time, const falco::garden_view& garden, falco::review_settings settings,
    metrics_registry& metrics, readiness missing
)
    : time_(time), garden_(garden), settings_(settings), missing_(std::move(missing)),
      refused_(metrics.make_counter(
          "falconer_admission_refused_total", "Requests that are no AdmissionReview."
      )) {
    constexpr const char* phases[] = {"mutate", "validate"};
    constexpr const char* names[]  = {"allowed", "mutated", "denied", "unusable", "failed"};
    for (std::size_t phase = 0; phase < verdicts_.size(); ++phase) {
        for (std::size_t i = 0; i < verdicts_[phase].size(); ++i)
            verdicts_[phase][i] = &metrics.make_counter(
                "falconer_admission_reviews_total", "Reviews answered, by phase and verdict.",
                {{"phase", phases[phase]}, {"verdict", names[i]}}
            );
        seconds_[phase] = &metrics.make_histogram(
            "falconer_admission_review_seconds", "From a review's last byte to its answer.",
            {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 1},
            {{"phase", phases[phase]}}
        );
    }
}

http_response review_handler::refuse(unsigned status, std::string why) {
    refused_.add();
    return reply(status, "text/plain; charset=utf-8", std::move(why) + "\n");
}

std::optional<http_response> review_handler::screen(http_request& head) {
    if (!phase_of(head.target))
        return refuse(404, "reviews are taken at /webhooks/mutate and /webhooks/validate");
    if (head.method != "POST") {
        auto no = refuse(405, "reviews are taken by POST");
        no.headers.add("Allow", "POST");
        return no;
    }
    if (const auto type = head.headers.find("Content-Type"); !type || !is_json(*type))
        return refuse(415, "a review is application/json");
    if (const auto coding = head.headers.find("Content-Encoding"); coding && *coding != "identity")
        return refuse(415, "a review is taken as it is, without Content-Encoding");
    if (head.content_length && *head.content_length > largest_review)
        return refuse(413, "a review has at most " + std::to_string(largest_review) + " bytes");
    return std::nullopt;
}

task<http_response> review_handler::handle(http_request request) {
    const auto phase = phase_of(request.target);
    if (!phase) co_return refuse(404, "not here");
    const auto began = time_.now();
    // A wrong answer would be worse than none: defaults would be missing, or mistakes let in.
    if (const auto missing = missing_(); !missing.empty())
        co_return refuse(503, "not ready: " + missing.front());
    http_response answer;
    try {
        answer = decide(*phase, request.body);
    } catch (const std::exception& why) {
        answer = give_up(*phase, why.what());
    }
    const std::chrono::duration<double> took = time_.now() - began;
    if (answer.status == 200) seconds_[at(*phase)]->observe(took.count());
    co_return answer;
}

/// The answer to one review. Throws where we fail at it.
http_response review_handler::decide(review_phase phase, const std::string& body) {
    const auto review = parse_json(body);
    if (!review) return refuse(400, review.error().detail);
    auto answer = falco::answer_review(*review, phase, garden_, settings_, time_.utc());
    if (!answer) return refuse(400, answer.error().detail);

    const auto* const response = answer->find("response");
    const auto*       status   = response != nullptr ? response->find("status") : nullptr;
    const auto*       code     = status != nullptr ? status->find("code") : nullptr;
    const auto*       allowed  = response != nullptr ? response->find("allowed") : nullptr;
    auto              what     = verdict::denied;
    if (allowed != nullptr && allowed->boolean() == true)
        what = response->find("patch") != nullptr ? verdict::mutated : verdict::allowed;
    else if (code != nullptr && code->integer() == 400)
        what = verdict::unusable;
    note(phase, what, *review);
    return reply(200, "application/json", json_text(*answer));
}

/// Our own fault, whatever it is: neither an approval nor a refusal. The API server tells whoever
/// asked that the webhook failed, with this sentence; the same object may be tried again.
http_response review_handler::give_up(review_phase phase, std::string_view why) {
    verdicts_[at(phase)][static_cast<std::size_t>(verdict::failed)]->add();
    log_of("admission").error("a review failed here reason=\"{}\"", in_one_line(why));
    return reply(
        500, "text/plain; charset=utf-8",
        "Falconer failed at this review, which is a fault of its own; others are not concerned\n"
    );
}

void review_handler::note(review_phase phase, verdict what, const value& review) {
    verdicts_[at(phase)][static_cast<std::size_t>(what)]->add();
    if (what == verdict::allowed) return;
    const auto of = [&](std::string_view key) {
        return in_one_line(review.text_at({"request", key}));
    };
    constexpr const char* said[] = {
        "allowed", "defaults written back", "refused", "not usable", "failed"
    };
    log_of("admission")
        .info(
            "a review verdict=\"{}\" kind={} name={}/{} operation={}",
            said[static_cast<std::size_t>(what)],
            in_one_line(review.text_at({"request", "kind", "kind"})), of("namespace"), of("name"),
            of("operation")
        );
}

}  // namespace falconer::admissions
