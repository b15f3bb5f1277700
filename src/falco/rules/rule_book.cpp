#include "rule_book.hpp"

#include <algorithm>
#include <tuple>

namespace falconer::falco::rules {
namespace {

/// A file that is wrong in every line is not told about for ever.
constexpr std::size_t most_problems = 100;

}  // namespace

std::string joined_text::text() const {
    std::string all;
    for (const auto& each : pieces_) {
        if (&each != &pieces_.front()) all += ' ';
        all += each.scalar->text;
    }
    return all;
}

where joined_text::find(std::size_t offset) const {
    if (all_of_it_.file != nullptr) return all_of_it_;
    for (const auto& each : pieces_) {
        const auto size = each.scalar->text.size();
        if (offset <= size || &each == &pieces_.back())
            return {each.file, each.file->text.find(*each.scalar, offset)};
        offset -= size + 1;
    }
    return {};
}

where joined_text::begin() const {
    return pieces_.empty() ? where{} : find(0);
}

bool problem_list::full() const noexcept {
    return all_.size() >= most_problems;
}

bool problem_list::any_error() const noexcept {
    return std::ranges::any_of(all_, [](const entry& each) {
        return each.is.is == rule_severity::error;
    });
}

void problem_list::add(rule_severity is, const where& at, std::string message) {
    if (at.file == nullptr || (is == rule_severity::warning && !at.file->users)) return;
    if (full()) return;
    all_.push_back(
        {at.file->number, {is, at.file->text.name(), at.at.line, at.at.column, std::move(message)}}
    );
}

void problem_list::skipped(const where& at, std::string message) {
    const auto before = all_.size();
    warning(at, std::move(message));
    if (all_.size() > before) all_.back().is.skipped = true;
}

std::vector<rule_problem> problem_list::done() && {
    const auto key = [](const entry& each) {
        return std::tie(each.file, each.is.line, each.is.column, each.is.is, each.is.message);
    };
    std::ranges::sort(all_, {}, key);
    std::vector<rule_problem> sorted;
    for (auto& each : all_)
        if (sorted.empty() || sorted.back() != each.is) sorted.push_back(std::move(each.is));
    return sorted;
}

}  // namespace falconer::falco::rules
