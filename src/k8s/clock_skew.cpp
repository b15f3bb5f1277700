#include "clock_skew.hpp"

#include "falconer/duration.hpp"

#include <algorithm>

namespace falconer::k8s {
namespace {

using namespace std::chrono_literals;
using std::chrono::seconds;

}  // namespace

std::string clock_sentence(seconds apart, std::string_view where) {
    return "our clock is " + duration_text(std::chrono::abs(apart)) +
           (apart > 0s ? " ahead of" : " behind") + " that of the API server at " +
           std::string(where) +
           ": one of the two is wrong, and certificates, tokens and times in statuses are judged "
           "by "
           "it";
}

clock_skew::news clock_skew::heard(std::string_view date, utc_time sent, utc_time received) {
    const auto theirs = read_http_date(date);
    if (!theirs || received < sent) return news::none;  // ours was set meanwhile
    // They wrote it at some moment between the two, in a second whose fraction is not told.
    const auto at_least = std::chrono::ceil<seconds>(sent - *theirs) - 1s;
    const auto at_most  = std::chrono::floor<seconds>(received - *theirs);
    apart_              = at_least > 0s ? at_least : at_most < 0s ? at_most : 0s;
    const auto by       = std::chrono::abs(apart_);
    if (!told_ && by >= worth_telling) {
        told_ = true;
        return news::apart;
    }
    if (told_ && by <= forgiven) {
        told_ = false;
        return news::together;
    }
    return news::none;
}

}  // namespace falconer::k8s
