//===- LinkWeights.cpp - Weights as files a linker or loader takes --------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: the weight section as a safetensors file or as an ELF object.
// Why not an assembler with .incbin or LLVM's object writer: both hold the
//   bytes in memory once more. An ELF object with one section is 64 bytes of
//   header and five section headers around the data, so it is written here.
// Shared libraries: a linker would map the weights twice, in its input and in
//   its output. It gets a section without contents (NOBITS) instead, which lies
//   in a segment of its own; afterwards the weights go to the end of the file,
//   and the segment and section headers are pointed there.
// Where to read on: System V ABI, chapter 4 (object files); the x86-64 psABI,
//   "Large code model" for SHF_X86_64_LARGE.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Target/CPU/Link.h"

#include "orchestra_runtime/format.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Object/ELF.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Support/xxhash.h"

#include <fcntl.h>
#include <stdio.h>

using namespace llvm;
using namespace orchestra;
using namespace orchestra::cpu;

void cpu::writeWeights(raw_ostream &os, const WeightSection &section) {
  uint64_t position = 0;
  for (const WeightChunk &chunk : section.chunks) {
    os.write_zeros(chunk.offset - position);
    os.write(chunk.bytes.data(), chunk.bytes.size());
    position = chunk.offset + chunk.bytes.size();
  }
  os.write_zeros(section.size - position);
}

std::string cpu::hashWeights(const WeightSection &section) {
  // A hash of the chunks' hashes: nothing is copied to make them contiguous.
  std::vector<uint64_t> parts{section.size};
  for (const WeightChunk &chunk : section.chunks) {
    XXH128_hash_t hash = xxh3_128bits(
        ArrayRef(reinterpret_cast<const uint8_t *>(chunk.bytes.data()),
                 chunk.bytes.size()));
    parts.insert(parts.end(),
                 {chunk.offset, chunk.bytes.size(), hash.low64, hash.high64});
  }
  XXH128_hash_t hash =
      xxh3_128bits(ArrayRef(reinterpret_cast<const uint8_t *>(parts.data()),
                            parts.size() * sizeof(uint64_t)));
  return utohexstr(hash.high64, /*LowerCase=*/true, 16) +
         utohexstr(hash.low64, /*LowerCase=*/true, 16);
}

/// What is written in whole huge pages is cached in huge pages.
static constexpr uint64_t kHugePage = 2 << 20;

/// A section that starts a page can be mapped by itself; one that starts a huge
/// page can be mapped with huge pages.
static uint64_t getWeightAlignment(uint64_t size) {
  constexpr uint64_t kPage = 4096;
  return size >= 4 * kHugePage ? kHugePage : kPage;
}

Error cpu::replaceFile(const Twine &from, const Twine &to) {
  std::string source = from.str(), target = to.str();
  // Exchanging the two and removing the old file takes one step like renaming
  // over it, but does not make file systems write the new one out first.
  if (sys::fs::is_regular_file(target) &&
      renameat2(AT_FDCWD, source.c_str(), AT_FDCWD, target.c_str(),
                RENAME_EXCHANGE) == 0) {
    std::error_code error = sys::fs::remove(source);
    return error ? createFileError(source, error) : Error::success();
  }
  std::error_code error = sys::fs::rename(source, target);
  if (!error)
    return Error::success();
  // What went wrong first is what the caller hears of.
  std::error_code leftover = sys::fs::remove(source);
  (void)leftover;
  return createFileError(target, error);
}

/// Writes a file beside `path` and renames it, so that nobody sees half of it.
static Error writeAtomically(StringRef path,
                             function_ref<void(raw_ostream &)> write) {
  Expected<sys::fs::TempFile> file = sys::fs::TempFile::create(
      path + ".tmp-%%%%%%%%", sys::fs::all_read | sys::fs::owner_write);
  if (!file)
    return createFileError(path, file.takeError());
  std::error_code error;
  {
    raw_fd_ostream os(file->FD, /*shouldClose=*/false);
    os.SetBufferSize(kHugePage);
    write(os);
    os.flush();
    error = os.error();
    os.clear_error();
  }
  if (error) {
    consumeError(file->discard());
    return createFileError(path, error);
  }
  std::string partial = file->TmpName;
  if (Error kept = file->keep())
    return createFileError(path, std::move(kept));
  return replaceFile(partial, path);
}

Error cpu::writeSafetensors(StringRef path, const WeightSection &section,
                            StringRef hash) {
  // The format forbids gaps between tensors, and ours are laid out by the
  // compiler with padding: one tensor of bytes says it honestly.
  std::string header;
  raw_string_ostream(header) << json::Value(json::Object{
      {"__metadata__", json::Object{{"format", "orchestra-packed"},
                                    {ORCH_WEIGHTS_HASH_KEY, hash}}},
      {"orchestra.packed_weights",
       json::Object{
           {"dtype", "U8"},
           {"shape", json::Array{int64_t(section.size)}},
           {"data_offsets", json::Array{int64_t(0), int64_t(section.size)}}}}});
  header.append(
      offsetToAlignment(8 + header.size(), Align(ORCH_BUFFER_ALIGNMENT)), ' ');
  return writeAtomically(path, [&](raw_ostream &os) {
    char length[8];
    support::endian::write64le(length, header.size());
    os.write(length, sizeof(length));
    os << header;
    writeWeights(os, section);
  });
}

static constexpr StringLiteral kPlaceholderName = ".lbss.orch_weights";

/// Writes an object file with one section that defines `symbol`; without
/// `contents` the section has no bytes in the file.
static Error writeObject(StringRef path, uint16_t machine,
                         StringRef sectionName, uint64_t sectionFlags,
                         uint64_t size, const WeightSection *contents,
                         StringRef symbol) {
  std::string names("\0", 1);
  auto addName = [&names](StringRef name) {
    uint32_t offset = names.size();
    names += name;
    names += '\0';
    return offset;
  };
  uint32_t dataName = addName(sectionName),
           stackName = addName(".note.GNU-stack"),
           symbolsName = addName(".symtab"), namesName = addName(".strtab"),
           symbolName = addName(symbol);

  constexpr uint64_t kDataOffset = 64;
  uint64_t fileSize = contents ? size : 0;
  uint64_t symbolsOffset = alignTo(kDataOffset + fileSize, 8);
  constexpr uint64_t kNumSymbols = 2, kNumSections = 5;
  uint64_t namesOffset = symbolsOffset + kNumSymbols * sizeof(ELF::Elf64_Sym);
  uint64_t headersOffset = alignTo(namesOffset + names.size(), 8);

  ELF::Elf64_Ehdr file = {};
  memcpy(file.e_ident, ELF::ElfMagic, 4);
  file.e_ident[ELF::EI_CLASS] = ELF::ELFCLASS64;
  file.e_ident[ELF::EI_DATA] = ELF::ELFDATA2LSB;
  file.e_ident[ELF::EI_VERSION] = ELF::EV_CURRENT;
  file.e_type = ELF::ET_REL;
  file.e_machine = machine;
  file.e_version = ELF::EV_CURRENT;
  file.e_shoff = headersOffset;
  file.e_ehsize = sizeof(ELF::Elf64_Ehdr);
  file.e_shentsize = sizeof(ELF::Elf64_Shdr);
  file.e_shnum = kNumSections;
  file.e_shstrndx = 4;

  ELF::Elf64_Shdr sections[kNumSections] = {};
  sections[1].sh_name = dataName;
  sections[1].sh_type = contents ? ELF::SHT_PROGBITS : ELF::SHT_NOBITS;
  sections[1].sh_flags = sectionFlags;
  sections[1].sh_offset = kDataOffset;
  sections[1].sh_size = size;
  sections[1].sh_addralign =
      contents ? ORCH_BUFFER_ALIGNMENT : getWeightAlignment(size);
  sections[2].sh_name = stackName;
  sections[2].sh_type = ELF::SHT_PROGBITS;
  sections[2].sh_offset = kDataOffset;
  sections[2].sh_addralign = 1;
  sections[3].sh_name = symbolsName;
  sections[3].sh_type = ELF::SHT_SYMTAB;
  sections[3].sh_offset = symbolsOffset;
  sections[3].sh_size = kNumSymbols * sizeof(ELF::Elf64_Sym);
  sections[3].sh_link = 4;
  sections[3].sh_info = 1; // symbols before this one are local
  sections[3].sh_addralign = 8;
  sections[3].sh_entsize = sizeof(ELF::Elf64_Sym);
  sections[4].sh_name = namesName;
  sections[4].sh_type = ELF::SHT_STRTAB;
  sections[4].sh_offset = namesOffset;
  sections[4].sh_size = names.size();
  sections[4].sh_addralign = 1;

  ELF::Elf64_Sym symbols[kNumSymbols] = {};
  symbols[1].st_name = symbolName;
  symbols[1].setBindingAndType(ELF::STB_GLOBAL, ELF::STT_OBJECT);
  symbols[1].st_other = ELF::STV_HIDDEN;
  symbols[1].st_shndx = 1;
  symbols[1].st_size = size;

  return writeAtomically(path, [&](raw_ostream &os) {
    os.write(reinterpret_cast<const char *>(&file), sizeof(file));
    if (contents)
      writeWeights(os, *contents);
    os.write_zeros(symbolsOffset - kDataOffset - fileSize);
    os.write(reinterpret_cast<const char *>(symbols), sizeof(symbols));
    os << names;
    os.write_zeros(headersOffset - namesOffset - names.size());
    os.write(reinterpret_cast<const char *>(sections), sizeof(sections));
  });
}

Error cpu::writeWeightsObject(StringRef path, const MachineTarget &target,
                              const WeightSection &section, StringRef symbol) {
  bool isX86 = target.arch == "x86_64";
  // Sections marked large lie apart from code and constants, so that weights
  // of any size never push those out of each other's 2 GB reach.
  return writeObject(path, isX86 ? ELF::EM_X86_64 : ELF::EM_AARCH64,
                     isX86 ? ".lrodata.orch" : ".rodata.orch",
                     ELF::SHF_ALLOC |
                         (isX86 ? uint64_t(ELF::SHF_X86_64_LARGE) : 0),
                     section.size, &section, symbol);
}

Error cpu::writeWeightsPlaceholder(StringRef path, uint64_t size,
                                   StringRef symbol) {
  return writeObject(path, ELF::EM_X86_64, kPlaceholderName,
                     ELF::SHF_ALLOC | ELF::SHF_WRITE | ELF::SHF_X86_64_LARGE,
                     size, /*contents=*/nullptr, symbol);
}

Expected<bool> cpu::fillPlaceholder(StringRef path,
                                    const WeightSection &section) {
  using Object = object::ELF64LEFile;
  auto buffer = MemoryBuffer::getFile(path, /*IsText=*/false,
                                      /*RequiresNullTerminator=*/false);
  if (!buffer)
    return createFileError(path, buffer.getError());
  StringRef bytes = (*buffer)->getBuffer();
  Expected<Object> file = Object::create(bytes);
  if (!file)
    return file.takeError();
  auto sections = file->sections();
  auto segments = file->program_headers();
  if (!sections)
    return sections.takeError();
  if (!segments)
    return segments.takeError();

  // The one section of this size without contents, in a segment of its own.
  const Object::Elf_Shdr *place = nullptr;
  for (const Object::Elf_Shdr &candidate : *sections) {
    Expected<StringRef> name = file->getSectionName(candidate);
    if (!name)
      return name.takeError();
    if (candidate.sh_type == ELF::SHT_NOBITS &&
        candidate.sh_size == section.size && name->starts_with(".lbss"))
      place = &candidate;
  }
  const Object::Elf_Phdr *segment = nullptr;
  if (place)
    for (const Object::Elf_Phdr &candidate : *segments)
      if (candidate.p_type == ELF::PT_LOAD && candidate.p_filesz == 0 &&
          candidate.p_vaddr == place->sh_addr &&
          candidate.p_memsz == section.size)
        segment = &candidate;
  if (!segment)
    return false;

  uint64_t offset = alignTo(bytes.size(), getWeightAlignment(section.size));
  Object::Elf_Phdr newSegment = *segment;
  newSegment.p_offset = offset;
  newSegment.p_filesz = section.size;
  newSegment.p_flags = ELF::PF_R;
  Object::Elf_Shdr newPlace = *place;
  newPlace.sh_offset = offset;
  newPlace.sh_type = ELF::SHT_PROGBITS;
  newPlace.sh_flags = ELF::SHF_ALLOC | ELF::SHF_X86_64_LARGE;
  auto placeOf = [&](const void *header) {
    return uint64_t(static_cast<const char *>(header) - bytes.data());
  };
  uint64_t segmentAt = placeOf(segment), placeAt = placeOf(place);
  buffer->reset();

  std::error_code error;
  raw_fd_ostream os(path, error, sys::fs::CD_OpenExisting);
  if (error)
    return createFileError(path, error);
  os.pwrite(reinterpret_cast<const char *>(&newSegment), sizeof(newSegment),
            segmentAt);
  os.pwrite(reinterpret_cast<const char *>(&newPlace), sizeof(newPlace),
            placeAt);
  os.SetBufferSize(kHugePage);
  os.seek(offset); // what is skipped reads as zeros and takes no space
  writeWeights(os, section);
  os.close();
  if (os.has_error()) {
    error = os.error();
    os.clear_error();
    return createFileError(path, error);
  }
  return true;
}
