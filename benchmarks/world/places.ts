import { type Coordinates, findRegion } from '../../geography/index.ts'

/** Where people are: a city with the number of people in and around it. */
export interface Place extends Coordinates {
  readonly name: string
  readonly city: string
  /** Thousands. */
  readonly population: number
}

/**
 * People in and around the cities of the table of regions, in thousands: orders of magnitude of what national statistics offices and the UN's World
 * Urbanization Prospects tell of urban agglomerations around 2020, rounded. Where two airports serve one city, they share it.
 */
const populations: Readonly<Record<string, number>> = {
  abj: 5_200, abq: 900, abv: 3_300, acc: 2_500, add: 4_800, adl: 1_350, akl: 1_600, ala: 1_900, alg: 2_800, amd: 8_000, amm: 2_100, ams: 2_480,
  anc: 400, arn: 2_400, asu: 3_300, ath: 3_150, atl: 6_000, auh: 1_500, aus: 2_300, bah: 650, bcn: 5_600, beg: 1_400, bel: 2_300, ber: 4_700,
  bey: 2_400, bgi: 280, bgw: 7_200, bkk: 10_700, blr: 12_300, bna: 1_950, bne: 2_500, bog: 11_000, boi: 750, bom: 20_600, bos: 4_900, bru: 2_100,
  bsb: 4_700, bsr: 1_400, bud: 1_770, buf: 1_150, bwi: 2_800, bwn: 280, cai: 21_000, can: 13_300, cbr: 450, ccs: 2_900, ccu: 14_900, cdg: 11_000,
  ceb: 1_000, cgk: 10_800, cgo: 5_300, cgp: 5_000, chc: 380, ckg: 16_000, cle: 2_080, clo: 2_800, clt: 2_660, cmb: 620, cmh: 2_150, cmn: 3_750,
  cnf: 6_100, cnx: 1_200, cok: 3_100, cor: 1_580, cph: 1_350, cpt: 4_600, cts: 2_670, ctu: 9_100, cun: 950, cwb: 3_700, dac: 21_000, dad: 1_150,
  dar: 6_700, dca: 3_100, del: 30_300, den: 2_960, dfw: 7_600, dkr: 3_140, dla: 3_660, dmm: 1_250, doh: 640, dps: 1_000, dtw: 4_390, dub: 1_230,
  dur: 3_160, dus: 5_100, dxb: 2_880, ebb: 3_300, ebl: 850, edi: 540, esb: 5_100, evn: 1_090, ewr: 5_000, eze: 15_200, fco: 4_260, fih: 14_300,
  for: 4_070, fra: 2_700, fuk: 5_530, gbe: 270, gdl: 5_180, gig: 13_500, gmp: 9_900, got: 600, gru: 22_000, gua: 2_940, gum: 160, gva: 620,
  gyd: 2_340, gye: 3_000, ham: 3_100, han: 4_680, hav: 2_140, hbe: 5_280, hel: 1_300, hgh: 7_640, hkg: 7_550, hnd: 25_000, hnl: 1_000, hre: 1_530,
  hyd: 10_000, iad: 3_100, iah: 7_100, icn: 15_000, ika: 9_130, ind: 2_100, isb: 1_130, ist: 15_200, jax: 1_600, jed: 4_600, jfk: 14_000, jhb: 1_020,
  jib: 580, jnb: 9_700, kbp: 2_990, kef: 230, kgl: 1_130, khh: 1_540, khi: 16_100, khv: 620, kin: 590, kiv: 700, kix: 19_100, kja: 1_130,
  kmg: 4_440, krt: 5_830, ktm: 1_420, kul: 7_990, kwi: 3_110, lad: 8_330, las: 2_270, lax: 12_400, lbv: 830, led: 5_470, lfw: 1_830, lhe: 12_600,
  lhr: 14_300, lim: 10_700, lis: 2_950, lju: 290, los: 14_400, lpb: 1_860, lun: 2_770, lux: 130, lys: 1_720, maa: 10_970, mad: 6_620, man: 2_730,
  mao: 2_220, mba: 1_300, mci: 2_200, mco: 2_670, mct: 1_550, mde: 4_000, mel: 4_970, mem: 1_340, mex: 21_800, mfm: 650, mia: 6_140, mle: 180,
  mnl: 13_900, mpm: 1_100, mrs: 1_600, mru: 150, msp: 3_690, msy: 1_270, mty: 4_870, muc: 2_900, mvd: 1_750, mxp: 5_270, nag: 2_890, nan: 180,
  nbo: 4_730, nkg: 8_850, nou: 120, nqz: 1_170, nrt: 12_400, oak: 1_700, oka: 320, okc: 1_430, oma: 970, ord: 9_600, osl: 1_040, otp: 1_800,
  ovb: 1_660, pbm: 240, pdx: 2_510, pek: 20_500, pen: 800, per: 2_040, phl: 6_240, phx: 4_850, pit: 2_370, pnh: 2_080, pnq: 6_630, poa: 4_140,
  pom: 380, pos: 540, ppt: 140, prg: 1_310, pty: 1_860, pus: 3_460, pvg: 14_000, qro: 1_270, rba: 1_890, rdu: 2_080, rec: 4_130, rgn: 5_330,
  ric: 1_310, rix: 630, ruh: 7_230, run: 150, sal: 1_110, san: 3_300, sat: 2_560, scl: 6_770, sdq: 3_320, sea: 4_020, sfo: 3_000, sgn: 8_600,
  sha: 13_000, sin: 5_690, sjc: 2_000, sjj: 340, sjo: 1_400, sju: 2_450, skg: 810, skp: 600, slc: 1_260, smf: 2_400, sof: 1_280, ssa: 3_840,
  stl: 2_820, str: 2_800, sub: 2_940, svo: 12_500, svx: 1_500, syd: 4_930, szx: 12_400, tao: 5_620, tas: 2_520, tbs: 1_080, tia: 500, tll: 450,
  tlv: 4_180, tnr: 3_370, tpa: 3_180, tpe: 7_050, tsn: 13_600, tun: 2_370, uio: 1_870, uln: 1_580, vie: 1_930, vno: 540, vte: 690, vvi: 1_710,
  vvo: 610, waw: 3_100, wdh: 430, wlg: 420, wuh: 8_360, xiy: 7_440, xmn: 3_720, yeg: 1_470, yhz: 440, yow: 1_390, yul: 4_220, yvr: 2_580, ywg: 820,
  yyc: 1_550, yyz: 6_200, zag: 690, zrh: 1_400,
}

/** Large cities whose airports are no regions of ours: clients far from every node's town are there too. */
const elsewhere: readonly (readonly [city: string, latitude: number, longitude: number, population: number])[] = [
  ['Kano', 12.0, 8.52, 4_000], ['Ibadan', 7.38, 3.95, 3_550], ['Surat', 21.17, 72.83, 7_200], ['Jaipur', 26.91, 75.79, 3_900], ['Lucknow', 26.85, 80.95, 3_680],
  ['Faisalabad', 31.42, 73.09, 3_460], ['Shenyang', 41.8, 123.43, 7_220], ['Harbin', 45.8, 126.53, 6_390], ['Chelyabinsk', 55.16, 61.4, 1_230],
  ['Mashhad', 36.3, 59.6, 3_210], ['Bamako', 12.64, -8.0, 2_620], ['Antofagasta', -23.65, -70.4, 430],
]

/** All of them; `name` is the region's code, or the city where there is none. */
export function places(): readonly Place[] {
  return [
    ...Object.entries(populations).map(([code, population]): Place => {
      const region = findRegion(code)
      if (region === undefined) throw new RangeError(`there is no region ${code}`)
      return { name: code, city: region.city, latitude: region.latitude, longitude: region.longitude, population }
    }),
    ...elsewhere.map(([city, latitude, longitude, population]): Place => ({ name: city, city, latitude, longitude, population })),
  ]
}
