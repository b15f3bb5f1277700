#include "object_io.hpp"

#include <algorithm>
#include <array>

namespace falconer::store {
namespace {

constexpr std::size_t portion = 64 * 1024;

}  // namespace

// --- out ----------------------------------------------------------------------------------------

result<void> object_maker::begin() {
    auto made = to_.create(is_.name);
    if (!made) return std::move(made).error();
    out_ = *std::move(made);
    return {};
}

result<void> object_maker::write(std::string_view packed) {
    sum_.add(packed);
    is_.bytes += packed.size();
    return out_->write(packed);
}

result<void> object_maker::add(std::string_view row) {
    if (!out_) {
        auto begun = begin();
        if (!begun) return begun;
    }
    ++is_.rows;
    return pack_.add(row, [this](std::string_view packed) { return write(packed); });
}

result<std::optional<backup_object>> object_maker::end() {
    if (!out_) return std::optional<backup_object>{};
    auto ended = pack_.end([this](std::string_view packed) { return write(packed); });
    if (!ended) return std::move(ended).error();
    auto kept = out_->keep();
    if (!kept) return std::move(kept).error();
    is_.sha256 = sum_.hex();
    return std::optional<backup_object>(is_);
}

// --- back ---------------------------------------------------------------------------------------

failure object_source::damaged(std::string how) const {
    return {errc::malformed, what_.name + ": " + std::move(how)};
}

result<void> object_source::check() {
    if (bytes_ < what_.bytes) return damaged("it is cut short");
    if (bytes_ > what_.bytes) return damaged("there is more of it than was written");
    if (sum_.hex() != what_.sha256) return damaged("it is damaged: its sum is another one");
    auto whole = unpack_.end();
    if (!whole) return std::move(whole).error().while_doing(what_.name);
    if (rows_ != what_.rows) return damaged("it has other rows than were written");
    return {};
}

/// Fills piece_, or finds the end.
result<void> object_source::more() {
    std::array<char, portion> packed;  // NOLINT: filled by the vault
    auto                      got = in_->read(packed);
    if (!got) return std::move(got).error();
    if (*got == 0) {
        over_ = true;
        return check();
    }
    bytes_ += *got;
    if (bytes_ > what_.bytes) return check();
    const std::string_view some(packed.data(), *got);
    sum_.add(some);
    auto done = unpack_.add(some, [this](std::string_view plain) {
        piece_.append(plain);
        return result<void>{};
    });
    if (!done) return std::move(done).error().while_doing(what_.name);
    rows_ += static_cast<std::uint64_t>(std::ranges::count(piece_, '\n'));
    return {};
}

result<std::string_view> object_source::next() {
    if (!in_) {
        auto opened = from_.open(what_.name);
        if (!opened) return std::move(opened).error();
        in_ = *std::move(opened);
    }
    piece_.clear();
    while (piece_.empty() && !over_) {
        auto done = more();
        if (!done) return std::move(done).error();
    }
    return std::string_view(piece_);
}

// --- small ones ---------------------------------------------------------------------------------

result<std::string> read_object(vault& from, const std::string& name, std::size_t most) {
    auto in = from.open(name);
    if (!in) return std::move(in).error();
    std::string               text;
    std::array<char, portion> some;  // NOLINT: filled by the vault
    for (;;) {
        auto got = (*in)->read(some);
        if (!got) return std::move(got).error();
        if (*got == 0) return text;
        text.append(some.data(), *got);
        if (text.size() > most) return failure{errc::malformed, name + ": is too large"};
    }
}

result<void> write_object(vault& to, const std::string& name, std::string_view bytes) {
    auto out = to.create(name);
    if (!out) return std::move(out).error();
    auto written = (*out)->write(bytes);
    if (!written) return written;
    return (*out)->keep();
}

}  // namespace falconer::store
