/** Names that say nothing about whose they are: pseudonyms leave them as they are. Compared without case. */

function words(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((word) => word !== "");
}

/** Whole names of files, folders, shares, pipes, accounts and domains. */
export const WELL_KNOWN_NAMES: ReadonlySet<string> = new Set([
  // Names that mean something to the protocol or the server.
  ...words(". .. ipc$ admin$ print$ fax$ sysvol netlogon"),
  ..."abcdefghijklmnopqrstuvwxyz".split("").map((letter) => `${letter}$`),
  ..."abcdefghijklmnopqrstuvwxyz".split("").map((letter) => `${letter}:`),
  ...words("con prn aux nul clock$"),
  ..."123456789".split("").flatMap((digit) => [`com${digit}`, `lpt${digit}`]),
  // Named pipes.
  ...words(
    `srvsvc wkssvc lsarpc lsass samr netlogon spoolss winreg svcctl atsvc eventlog browser epmapper netdfs
    initshutdown ntsvcs mdssvc fssagentrpc trkwks trksvr w32time keysvc tapsrv protected_storage plugplay scerpc
    router dnsserver pipe`,
  ),
  // Accounts and domains of every installation.
  ...words(
    "administrator administrators guest guests system anonymous everyone builtin workgroup localhost",
  ),
  "nt authority",
  "anonymous logon",
  "*smbserver",
  // What operating systems and file managers make everywhere.
  ...words(
    `desktop.ini thumbs.db ehthumbs.db autorun.inf folder.jpg folder.htt ntuser.dat ntuser.ini gpt.ini
    registry.pol normal.dotm .ds_store .localized .hidden .trashes .trash .spotlight-v100 .fseventsd .temporaryitems
    .apdisk .metadata_never_index .metadata_never_index_unless_rootfs .com.apple.timemachine.supported
    .directory .git .svn $recycle.bin recycler recycled lost+found`,
  ),
  "system volume information",
  "icon\r",
  // Folders of every profile.
  ...words(
    `users windows system32 syswow64 winsxs programdata appdata local locallow roaming temp tmp desktop
    documents downloads favorites pictures music videos contacts links searches public default templates recent
    programs startup policies machine scripts microsoft`,
  ),
  ...[
    "program files",
    "program files (x86)",
    "my documents",
    "my pictures",
    "my music",
    "my videos",
    "application data",
    "local settings",
    "start menu",
    "saved games",
    "documents and settings",
    "new folder",
    "network trash folder",
    "temporary items",
  ],
  // Streams and their types.
  ...words(
    `zone.identifier afp_afpinfo afp_resource encryptable smartscreen favicon wofcompresseddata
    $data $index_allocation $bitmap $attribute_list $reparse_point $ea $ea_information $logged_utility_stream
    $security_descriptor $file_name $object_id $standard_information $volume_name $volume_information`,
  ),
]);

/** Extensions, without their dot. */
export const WELL_KNOWN_EXTENSIONS: ReadonlySet<string> = new Set(words(`
  txt log md csv tsv json xml yaml yml ini inf cfg conf config toml properties env lock lck pid bak old orig new tmp temp
  part partial crdownload download swp swo cache dat data bin db sqlite mdb accdb laccdb ldb mdf ldf ndf bkf vbk vib vbm
  doc docx docm dot dotx dotm rtf odt ott wps wpd pages xls xlsx xlsm xlsb xlt xltx xltm xlk xlw ods numbers
  ppt pptx pptm pps ppsx pot potx odp key vsd vsdx mpp pub one onetoc2 onepkg oft msg eml pst ost nst ics vcf
  pdf ps eps xps oxps djvu epub mobi tex bib html htm mhtml mht css scss js mjs cjs ts tsx jsx vue wasm map php asp aspx
  jsp jpg jpeg jpe png gif bmp dib tif tiff ico cur svg svgz webp heic heif raw cr2 cr3 nef arw dng psd psb ai indd idml
  xcf sketch fig dwg dxf dwl dwl2 dwf dgn rvt rfa rte ifc skp stp step igs iges stl obj fbx blend max 3ds dae sldprt
  sldasm slddrw ipt iam idw catpart catproduct prt asm
  mp3 wav flac aac ogg oga opus m4a wma aif aiff mid midi mp4 m4v mov avi mkv wmv flv webm mpg mpeg m2ts mts mxf vob r3d
  braw prproj aep drp srt vtt lut cube exr dpx
  zip 7z rar gz tgz bz2 tbz xz txz zst lz lz4 tar cab iso img dmg vhd vhdx avhdx vmdk vdi qcow2 ova ovf wim esd
  exe dll sys ocx com msi msp msu scr cpl drv mui cat manifest bat cmd ps1 psm1 psd1 vbs wsf reg lnk url website hta
  pol adm admx adml aas pnf evt evtx etl dmp mdmp wer
  c h cc cpp cxx hh hpp hxx cs vb java class jar war kt kts scala go rs py pyc pyo pyd ipynb rb pl pm sh bash zsh fish lua
  r rdata rds m mat sql so o a lib obj pdb ilk idb exp def la lo gch sln csproj vbproj vcxproj vcproj props targets
  gradle pom cmake mk am ac d ninja patch diff rej
  cer crt pem der p12 pfx csr sig asc gpg pgp kdbx
  ttf otf woff woff2 fon pcap pcapng cap
`));
