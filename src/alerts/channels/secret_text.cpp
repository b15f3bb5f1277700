#include "secret_text.hpp"

#include "falconer/file_stamp.hpp"
#include "falconer/read_file.hpp"

#include <string_view>
#include <utility>

namespace falconer::alerts {

result<std::vector<secret>> secret_text::lines() {
    auto stamp = file_stamp(file_);
    if (!lines_.empty() && stamp == stamp_) return lines_;
    auto text = read_file(file_, longest_secret);
    if (!text) return std::move(text).error().while_doing("reading " + file_.string());
    std::vector<secret> fresh;
    std::string_view    rest = *text;
    while (!rest.empty()) {
        const auto end  = rest.find('\n');
        auto       line = rest.substr(0, end);
        rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
        while (!line.empty() && (line.back() == ' ' || line.back() == '\r' || line.back() == '\t'))
            line.remove_suffix(1);
        while (!line.empty() && (line.front() == ' ' || line.front() == '\t'))
            line.remove_prefix(1);
        if (!line.empty()) fresh.emplace_back(std::string(line));
    }
    if (fresh.empty())
        return failure{errc::malformed, "reading " + file_.string() + ": there is nothing in it"};
    lines_ = std::move(fresh);
    stamp_ = std::move(stamp);
    return lines_;
}

result<secret> secret_text::line() {
    auto all = lines();
    if (!all) return std::move(all).error();
    if (all->size() != 1)
        return failure{errc::malformed, "reading " + file_.string() + ": it has several lines"};
    return all->front();
}

}  // namespace falconer::alerts
