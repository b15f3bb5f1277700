// The spool's files in memory, where every call can be made to fail and every bit be turned.
#pragma once

#include "ingest/spool_file.hpp"

#include <atomic>
#include <cerrno>
#include <map>
#include <memory>
#include <string>
#include <utility>

namespace falconer::test {

/// A disk that outlives those who open it. What was not synced is kept apart: lose_power() drops
/// it.
struct memory_disk {
    struct content {
        std::string now{}, synced{};
        std::size_t bad_from = 0, bad_to = 0;  // bytes that cannot be read: EIO
        int         open_error = 0;            // of every opening to read
    };
    std::map<std::string, std::shared_ptr<content>> files{};

    std::uint64_t capacity                = ~std::uint64_t{0};  // bytes of all files, then ENOSPC
    std::size_t   longest_write           = ~std::size_t{0};    // bytes per call: short writes
    int           failing_syncs           = 0;                  // EIO
    int           failing_directory_syncs = 0;
    int           failing_reads           = 0;
    bool          cutting_fails           = false;
    bool          locked                  = false;
    bool          hidden                  = false;  // the whole folder: ENOENT
    int           syncs                   = 0;
    /// While true, a sync does not return.
    std::shared_ptr<std::atomic<bool>> hanging = std::make_shared<std::atomic<bool>>(false);

    void go_on() {
        *hanging = false;
        hanging->notify_all();
    }

    std::uint64_t used() const {
        std::uint64_t sum = 0;
        for (const auto& [name, file] : files) sum += file->now.size();
        return sum;
    }
    std::string& bytes_of(const std::string& name) { return files.at(name)->now; }
    void         lose_power() {
        for (auto& [name, file] : files) file->now = file->synced;
    }
    /// The power goes in the midst of writing back: of what was not synced anything may be left, in
    /// pages that reach the disk in any order, in files that grew by any part.
    template <class Random>
    void lose_power(Random& source) {
        constexpr std::size_t page_bytes = 512;
        for (auto& [name, file] : files) {
            auto left = file->synced;
            auto size = left.size();
            if (file->now.size() > size) size += source() % (file->now.size() - size + 1);
            left.resize(size, '\0');
            for (std::size_t page = 0; page < size; page += page_bytes)
                if (page < file->now.size() && source() % 2 == 1)
                    left.replace(page, page_bytes, file->now, page, page_bytes);
            left.resize(size);
            file->now = file->synced = left;
        }
    }
    /// Names that end so, the oldest first.
    std::vector<std::string> named(std::string_view suffix) const {
        std::vector<std::string> names;
        for (const auto& [name, file] : files)
            if (name.ends_with(suffix)) names.push_back(name);
        return names;
    }
};

inline failure disk_says(int why) {
    const std::error_code code(why, std::generic_category());
    return {code, "the disk: " + code.message()};
}

class memory_file final : public ingest::spool_file {
public:
    memory_file(memory_disk& disk, std::shared_ptr<memory_disk::content> file)
        : disk_(disk), file_(std::move(file)) {}

    result<std::size_t> write_at(std::uint64_t offset, std::string_view bytes) override {
        const auto at  = static_cast<std::size_t>(offset);
        auto       end = at + std::min(bytes.size(), disk_.longest_write);
        if (end > file_->now.size()) {
            const auto room = disk_.capacity - std::min(disk_.capacity, disk_.used());
            if (room == 0) return disk_says(ENOSPC);
            end = std::min(end, file_->now.size() + static_cast<std::size_t>(room));
            file_->now.resize(end, '\0');
        }
        file_->now.replace(at, end - at, bytes.substr(0, end - at));
        return end - at;
    }
    result<std::size_t> read_at(std::uint64_t offset, char* to, std::size_t size) override {
        if (disk_.failing_reads > 0) {
            --disk_.failing_reads;
            return disk_says(EIO);
        }
        if (offset >= file_->now.size()) return std::size_t{0};
        if (offset >= file_->bad_from && offset < file_->bad_to) return disk_says(EIO);
        if (offset < file_->bad_from)
            size = std::min(size, file_->bad_from - static_cast<std::size_t>(offset));
        return file_->now.copy(to, size, static_cast<std::size_t>(offset));
    }
    result<void> sync() override {
        ++disk_.syncs;
        disk_.hanging->wait(true);
        if (disk_.failing_syncs > 0) {
            --disk_.failing_syncs;
            return disk_says(EIO);
        }
        file_->synced = file_->now;
        return {};
    }
    result<void> truncate(std::uint64_t size) override {
        if (disk_.cutting_fails) return disk_says(EIO);
        file_->now.resize(static_cast<std::size_t>(size), '\0');
        return {};
    }
    result<std::uint64_t> size() override { return std::uint64_t{file_->now.size()}; }

private:
    memory_disk&                          disk_;
    std::shared_ptr<memory_disk::content> file_;
};

class memory_files final : public ingest::spool_files {
public:
    explicit memory_files(memory_disk& disk) : disk_(disk) {}
    ~memory_files() override {
        if (mine_) disk_.locked = false;
    }

    result<void> prepare() override {
        if (disk_.locked) return failure{errc::conflict, "in use by another process (pid 1)"};
        disk_.locked = mine_ = true;
        return {};
    }
    std::optional<int> locked_by() override {
        if (disk_.locked) return 1;
        return std::nullopt;
    }
    result<std::vector<std::string>> list() override {
        if (disk_.hidden) return disk_says(ENOENT);
        return disk_.named("");
    }
    result<std::unique_ptr<ingest::spool_file>> open(const std::string& name, mode how) override {
        if (disk_.hidden) return disk_says(ENOENT);
        auto found = disk_.files.find(name);
        if (how == mode::create) {
            if (found != disk_.files.end()) return disk_says(EEXIST);
            found = disk_.files.emplace(name, std::make_shared<memory_disk::content>()).first;
        }
        if (found == disk_.files.end()) return disk_says(ENOENT);
        if (how == mode::read && found->second->open_error != 0)
            return disk_says(found->second->open_error);
        return std::unique_ptr<ingest::spool_file>(
            std::make_unique<memory_file>(disk_, found->second)
        );
    }
    result<void> remove(const std::string& name) override {
        if (disk_.files.erase(name) == 0) return disk_says(ENOENT);
        return {};
    }
    result<void> rename(const std::string& from, const std::string& to) override {
        const auto found = disk_.files.find(from);
        if (found == disk_.files.end()) return disk_says(ENOENT);
        disk_.files[to] = found->second;
        disk_.files.erase(from);
        return {};
    }
    result<void> sync_directory() override {
        if (disk_.failing_directory_syncs > 0) {
            --disk_.failing_directory_syncs;
            return disk_says(EIO);
        }
        return {};
    }
    result<std::uint64_t> free_bytes() override {
        return disk_.capacity - std::min(disk_.capacity, disk_.used());
    }
    std::string path() const override { return "memory"; }

private:
    memory_disk& disk_;
    bool         mine_ = false;
};

}  // namespace falconer::test
